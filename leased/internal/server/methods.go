// SPDX-License-Identifier: Apache-2.0

package server

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"

	"podman-net-dhcp/internal/build"
	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/leased/internal/request"
)

// The answer of org.varlink.service.GetInfo.
const (
	vendor  = "podman-net-dhcp"
	product = "leased"
	service = "org.varlink.service"
)

type handler func(x *session, ctx context.Context, call *incoming) error

type method struct {
	run  handler
	root bool // changes something
}

var methods = map[string]method{
	service + ".GetInfo":                 {run: (*session).getInfo},
	service + ".GetInterfaceDescription": {run: (*session).getDescription},
	leaseapi.MethodSetup:                 {run: (*session).setup, root: true},
	leaseapi.MethodTeardown:              {run: (*session).teardown, root: true},
	leaseapi.MethodAcquire:               {run: (*session).acquire, root: true},
	leaseapi.MethodRelease:               {run: (*session).release, root: true},
	leaseapi.MethodReleaseContainer:      {run: (*session).releaseContainer, root: true},
	leaseapi.MethodNoteResolvConf:        {run: (*session).noteResolvConf, root: true},
	leaseapi.MethodList:                  {run: (*session).list},
	leaseapi.MethodMay:                   {run: (*session).may},
}

// named is the single parameter of the errors of org.varlink.service.
type named map[string]string

func (x *session) handle(ctx context.Context, call *incoming) error {
	m, ok := methods[call.Method]
	switch {
	case !ok && x.knows(call.Method):
		return x.send(call.Call, leaseapi.ErrorMethodNotFound, named{"method": call.Method}, false)
	case !ok:
		iface := call.Method[:max(strings.LastIndexByte(call.Method, '.'), 0)]
		return x.send(call.Call, leaseapi.ErrorInterfaceNotFound, named{"interface": iface}, false)
	case m.root && !x.root:
		return x.send(call.Call, leaseapi.ErrorPermissionDenied, struct{}{}, false)
	}
	return m.run(x, ctx, call)
}

func (x *session) knows(method string) bool {
	return strings.HasPrefix(method, service+".") || strings.HasPrefix(method, "io.leased.")
}

func (x *session) getInfo(_ context.Context, call *incoming) error {
	return x.send(call.Call, "", map[string]any{
		"vendor": vendor, "product": product, "version": build.Version, "url": "",
		"interfaces": []string{service, "io.leased"},
	}, false)
}

func (x *session) getDescription(_ context.Context, call *incoming) error {
	var p struct {
		Interface string `json:"interface"`
	}
	if err := decode(call.Call, &p); err != nil {
		return x.invalid(call.Call, "interface")
	}
	text, ok := map[string]string{"io.leased": leaseapi.Interface, service: serviceInterface}[p.Interface]
	if !ok {
		return x.send(call.Call, leaseapi.ErrorInterfaceNotFound, named{"interface": p.Interface}, false)
	}
	return x.send(call.Call, "", map[string]string{"description": text}, false)
}

func (x *session) acquire(ctx context.Context, call *incoming) error {
	var req leaseapi.AcquireRequest
	if err := decode(call.Call, &req); err != nil {
		return x.invalid(call.Call, parameter(err))
	}
	parsed, err := request.Parse(req)
	if wrong := new(request.InvalidError); errors.As(err, &wrong) {
		return x.invalid(call.Call, wrong.Parameter)
	}
	lease, undo, err := x.Leases.Acquire(ctx, parsed)
	if err != nil {
		return x.fail(call.Call, err)
	}
	if err := x.send(call.Call, "", leaseapi.AcquireReply{Lease: lease}, false); err != nil {
		undo()
		return err
	}
	return nil
}

func (x *session) release(ctx context.Context, call *incoming) error {
	var req leaseapi.ReleaseRequest
	if err := decode(call.Call, &req); err != nil {
		return x.invalid(call.Call, parameter(err))
	}
	if req.Attachment.ContainerID == "" {
		return x.invalid(call.Call, "attachment")
	}
	if err := x.Leases.Release(ctx, request.Attachment(req.Attachment)); err != nil {
		return x.fail(call.Call, err)
	}
	return x.send(call.Call, "", struct{}{}, false)
}

func (x *session) releaseContainer(ctx context.Context, call *incoming) error {
	var req leaseapi.ReleaseContainerRequest
	if err := decode(call.Call, &req); err != nil {
		return x.invalid(call.Call, parameter(err))
	}
	if req.ContainerID == "" {
		return x.invalid(call.Call, "containerId")
	}
	if err := x.Leases.ReleaseContainer(ctx, req.ContainerID, req.Owner); err != nil {
		return x.fail(call.Call, err)
	}
	return x.send(call.Call, "", struct{}{}, false)
}

func (x *session) noteResolvConf(_ context.Context, call *incoming) error {
	var req leaseapi.NoteResolvConfRequest
	if err := decode(call.Call, &req); err != nil {
		return x.invalid(call.Call, parameter(err))
	}
	note, err := request.ParseNote(req)
	if wrong := new(request.InvalidError); errors.As(err, &wrong) {
		return x.invalid(call.Call, wrong.Parameter)
	}
	x.Leases.NoteResolvConf(note)
	return x.send(call.Call, "", struct{}{}, false)
}

func (x *session) list(_ context.Context, call *incoming) error {
	if !call.More {
		return x.send(call.Call, leaseapi.ErrorExpectedMore, struct{}{}, false)
	}
	for status := range x.Leases.List() {
		if err := x.send(call.Call, "", leaseapi.ListReply{Status: &status}, true); err != nil {
			return err
		}
	}
	return x.send(call.Call, "", leaseapi.ListReply{}, false)
}

// fail answers with the error's own name if it has one. After a cancelled call no caller
// is left, or we hang up ourselves.
func (x *session) fail(call leaseapi.Call, err error) error {
	if errors.Is(err, context.Canceled) {
		return err
	}
	name, parameters := failed(err)
	return x.send(call, name, parameters, false)
}

// failed is the answer that tells an error.
func failed(err error) (name string, parameters map[string]string) {
	name = leaseapi.ErrorFailed
	var e *leaseapi.Error
	if errors.As(err, &e) {
		name = e.Name
	}
	return name, map[string]string{"message": err.Error()}
}

func (x *session) invalid(call leaseapi.Call, parameter string) error {
	return x.send(call, leaseapi.ErrorInvalidParameter, named{"parameter": parameter}, false)
}

// decode is strict: if this version does not know a parameter, the sender must not
// believe that it has an effect.
func decode(call leaseapi.Call, into any) error {
	d := json.NewDecoder(bytes.NewReader(call.Parameters))
	d.DisallowUnknownFields()
	return d.Decode(into)
}

// parameter returns the parameter that a decoding error is about.
func parameter(err error) string {
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		return wrong.Field
	}
	if _, field, ok := strings.Cut(err.Error(), "unknown field "); ok {
		return strings.Trim(field, `"`)
	}
	return "parameters"
}
