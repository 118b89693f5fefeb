// SPDX-License-Identifier: Apache-2.0

package front

import (
	"context"
	"encoding/json"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/internal/leaseapi/leaseapitest"
	"podman-net-dhcp/internal/leaseapi/pipe"
	"podman-net-dhcp/internal/options"
	"podman-net-dhcp/internal/wanted"
	"podman-net-dhcp/lab/testlan"
)

func request(t *testing.T) (Request, *testlan.NS) {
	t.Helper()
	testlan.RequireRoot(t)
	c := testlan.New(t).Container()
	given := map[string]string{"bridge": "br0", "lease_timeout": "1s"}
	o, err := options.Parse(given)
	if err != nil {
		t.Fatal(err)
	}
	return Request{Given: given, Interface: wanted.Interface{
		Attachment: leaseapi.Attachment{ContainerID: "c1", ContainerName: "web", Network: "lan", Interface: "eth0"},
		Netns:      c.Path, Options: o, Hostnames: []string{"web"},
	}}, c
}

func TestJoinAndLeave(t *testing.T) {
	r, c := request(t)
	leased := leaseapitest.New(t, leaseapitest.Grants(leaseapi.Lease{MTU: 1400}))
	joined, err := Join(context.Background(), r)
	if err != nil || joined.MAC.String() != leaseapitest.MAC || joined.Lease.MTU != 1400 || joined.Status != nil {
		t.Errorf("%+v, %v", joined, err)
	}
	if err := Leave(context.Background(), r.Attachment, r.Netns); err != nil {
		t.Error(err)
	}
	c.Delete()
	if err := Leave(context.Background(), r.Attachment, r.Netns); err != nil {
		t.Error(err)
	}
	const at = `"attachment":{"containerId":"c1","containerName":"web","network":"lan","interface":"eth0"}`
	for _, want := range []struct {
		call  string
		netns bool
	}{
		{`io.leased.Setup {"netns":"` + r.Netns + `",` + at + `,"options":{"bridge":"br0","lease_timeout":"1s"},"hostnames":["web"]}`, true},
		{`io.leased.Teardown {` + at + `}`, true},
		{`io.leased.Teardown {` + at + `}`, false},
	} {
		call, file := <-leased.Calls, <-leased.Descriptors
		if got := call.Method + " " + string(call.Parameters); got != want.call || (file != nil) != want.netns {
			t.Errorf("called %s with %v\nwant %s with a descriptor: %v", got, file, want.call, want.netns)
		}
	}
}

func TestJoinWithAReplyThatCannotBe(t *testing.T) {
	r, _ := request(t)
	r.Netavark = json.RawMessage(`{}`)
	for reply, say := range map[string]string{`{}`: "without a StatusBlock", `{"status":{},"mac":"x"}`: "invalid MAC address", `[]`: "cannot unmarshal array"} {
		leaseapitest.New(t, func(leaseapi.Call) *leaseapi.Reply { return &leaseapi.Reply{Parameters: json.RawMessage(reply)} })
		if _, err := Join(context.Background(), r); err == nil || !strings.Contains(err.Error(), say) {
			t.Errorf("%s: %v", reply, err)
		}
	}
}

// The time counts from the call that had begun. When it is over, the caller hangs up.
func TestJoinIsPatientFromTheBeginning(t *testing.T) {
	if pipe.ShortestPatience != time.Second+overtime {
		t.Errorf("a pipe waits for %v", time.Duration(pipe.ShortestPatience))
	}
	r, _ := request(t)
	never := make(chan *leaseapi.Reply)
	leaseapitest.New(t, func(leaseapi.Call) *leaseapi.Reply { return <-never })
	defer close(never)
	call := pipe.Send([]byte(`{"method":"io.leased.Setup"}`+"\x00"), -1, pipe.ShortestPatience)
	r.Begun = leaseapi.Resume(call.FD, time.Now().Add(100*time.Millisecond-pipe.ShortestPatience))
	begun := time.Now()
	_, err := Join(context.Background(), r)
	if took := time.Since(begun); err == nil || err.Error() != "leased did not answer within 6s; see: journalctl -u leased" || took > 2*time.Second {
		t.Errorf("%v after %v", err, took)
	}
}

// leased is replaced in the middle of it: an old one by a new one, and the other way round.
func TestJoinWithALeasedThatChanges(t *testing.T) {
	r, _ := request(t)
	var calls atomic.Int32
	leaseapitest.New(t, func(call leaseapi.Call) *leaseapi.Reply {
		if calls.Add(1) == 1 {
			return nil
		}
		return leaseapitest.Old(leaseapitest.Grants(leaseapi.Lease{}))(call)
	})
	_, err := Join(context.Background(), r)
	if err == nil || !strings.Contains(err.Error(), "there is no interface br0 on this host") || calls.Load() != 2 { // so it makes the link itself
		t.Errorf("%v after %d calls", err, calls.Load())
	}
}

// A leased that fails is not the end of it: the link goes.
func TestLeaveDoesWhatItCan(t *testing.T) {
	r, c := request(t)

	for name, reply := range map[string]func(leaseapi.Call) *leaseapi.Reply{
		"fails": func(leaseapi.Call) *leaseapi.Reply {
			return &leaseapi.Reply{Error: leaseapi.ErrorFailed, Parameters: json.RawMessage(`{"message":"gone"}`)}
		},
		"is old": leaseapitest.Old(func(call leaseapi.Call) *leaseapi.Reply {
			if call.Method != leaseapi.MethodRelease {
				t.Error(call.Method)
			}
			return &leaseapi.Reply{Error: leaseapi.ErrorFailed, Parameters: json.RawMessage(`{"message":"gone"}`)}
		}),
	} {
		leaseapitest.New(t, reply)
		c.Run("ip", "link", "add", "eth0", "type", "veth", "peer", "name", "other")
		err := Leave(context.Background(), r.Attachment, r.Netns)
		if err == nil || err.Error() != "gone" || strings.Contains(c.Run("ip", "-br", "link"), "eth0") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What leased has answered for is done: the front deletes nothing more. Where it did not answer,
// the front deletes the link that it knows, and no other.
func TestLeaveDeletesNoOther(t *testing.T) {
	r, c := request(t)
	c.Run("ip", "link", "add", "eth0", "type", "veth", "peer", "name", "other")
	leaseapitest.New(t, leaseapitest.Grants(leaseapi.Lease{}))
	if err := Leave(context.Background(), r.Attachment, r.Netns); err != nil {
		t.Error(err)
	}
	wantLink := func(when string) {
		t.Helper()
		if have := c.Run("ip", "-br", "link"); !strings.Contains(have, "eth0@other") {
			t.Errorf("%s: %s", when, have)
		}
	}
	wantLink("leased has answered")
	leaseapitest.New(t, func(leaseapi.Call) *leaseapi.Reply { return nil })
	r.giveUp()
	wantLink("given up")
	mac, err := r.Link()
	if err != nil {
		t.Fatal(err)
	}
	c.Run("ip", "link", "set", "eth0", "address", mac.MAC.String())
	r.giveUp()
	if have := c.Run("ip", "-br", "link"); strings.Contains(have, "eth0") {
		t.Errorf("the link stays: %s", have)
	}
}

// A leased of before owners is asked once more, without.
func TestLeasedBeforeOwners(t *testing.T) {
	r, _ := request(t)
	r.Owner = "hook:1"
	leased := leaseapitest.New(t, func(call leaseapi.Call) *leaseapi.Reply {
		if strings.Contains(string(call.Parameters), `"owner"`) {
			return &leaseapi.Reply{Error: leaseapi.ErrorInvalidParameter, Parameters: json.RawMessage(`{"parameter":"owner"}`)}
		}
		return leaseapitest.Grants(leaseapi.Lease{})(call)
	})
	if _, err := Join(context.Background(), r); err != nil {
		t.Error(err)
	}
	if err := Leave(context.Background(), r.Attachment, r.Netns); err != nil {
		t.Error(err)
	}
	if err := LeaveAll(context.Background(), "c1", "hook:1"); err != nil {
		t.Error(err)
	}
	if n := len(leased.Calls); n != 6 {
		t.Errorf("%d calls", n)
	}
}

// A leased of before policies knows no front; it takes the call without.
func TestJoinWithALeasedWithoutPolicy(t *testing.T) {
	r, _ := request(t)
	r.Front, r.Networks = leaseapi.FrontHook, 2
	leased := leaseapitest.New(t, func(call leaseapi.Call) *leaseapi.Reply {
		if strings.Contains(string(call.Parameters), "front") {
			return &leaseapi.Reply{Error: leaseapi.ErrorInvalidParameter, Parameters: json.RawMessage(`{"parameter":"front"}`)}
		}
		return leaseapitest.Grants(leaseapi.Lease{MTU: 1400})(call)
	})
	joined, err := Join(context.Background(), r)
	if err != nil || joined.Lease.MTU != 1400 {
		t.Errorf("%+v, %v", joined, err)
	}
	if len(leased.Calls) != 2 {
		t.Fatalf("%d calls", len(leased.Calls))
	}
	if first, second := string((<-leased.Calls).Parameters), string((<-leased.Calls).Parameters); !strings.HasSuffix(first, `,"front":"hook","networks":2}`) ||
		strings.Replace(first, `,"front":"hook","networks":2`, "", 1) != second {
		t.Errorf("called %s, then %s", first, second)
	}
}

// A refusal of the policy is the end of it.
func TestJoinRefused(t *testing.T) {
	r, _ := request(t)
	r.Front = leaseapi.FrontHook
	leased := leaseapitest.New(t, func(leaseapi.Call) *leaseapi.Reply {
		return &leaseapi.Reply{Error: leaseapi.ErrorRefused, Parameters: json.RawMessage(`{"message":"not here"}`)}
	})
	if _, err := Join(context.Background(), r); err == nil || err.Error() != "not here" || len(leased.Calls) != 1 {
		t.Errorf("%v after %d calls", err, len(leased.Calls))
	}
}
