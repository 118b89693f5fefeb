// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

const (
	keaDir    = "/run/bench-kea"
	keaConfig = `{"Dhcp4": {"interfaces-config": {"interfaces": ["lan0"]}, "authoritative": true,
		"lease-database": {"type": "memfile", "name": "DIR/leases"}, "valid-lifetime": 43200,
		"subnet4": [{"id": 1, "subnet": "198.18.0.0/16", "interface": "lan0", "pools": [{"pool": "198.18.1.0-198.18.250.255"}],
			"option-data": [{"name": "routers", "data": "198.18.0.1"}]}],
		"loggers": [{"name": "kea-dhcp4", "severity": "INFO", "output_options": [{"output": "DIR/log"}]}]}}`
)

// startKea puts Kea in the place of the LAN's server until it is stopped.
func startKea() (stop func() error, err error) {
	config := strings.ReplaceAll(keaConfig, "DIR", keaDir)
	err = errors.Join(
		command(lanCommand, "stop"), os.MkdirAll(keaDir, 0o755), os.MkdirAll("/run/kea", 0o755),
		os.WriteFile(keaDir+"/config", []byte(config), 0o600),
	)
	if err != nil {
		return nil, err
	}
	kea := exec.Command("nsenter", "--net=/run/netns/router", "--", "kea-dhcp4", "-c", keaDir+"/config")
	// From 3.0 on it writes nowhere else than it is told by these.
	kea.Env = append(os.Environ(), "KEA_LOCKFILE_DIR="+keaDir, "KEA_DHCP_DATA_DIR="+keaDir, "KEA_LOG_FILE_DIR="+keaDir)
	if err := kea.Start(); err != nil {
		return nil, fmt.Errorf("start Kea: %w", err)
	}
	stop = func() error {
		err := kea.Process.Signal(syscall.SIGTERM)
		_ = kea.Wait()
		return errors.Join(err, os.RemoveAll(keaDir), lanForget())
	}
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if log, _ := os.ReadFile(keaDir + "/log"); strings.Contains(string(log), "DHCP4_STARTED") {
			return stop, nil
		}
	}
	log, _ := os.ReadFile(keaDir + "/log")
	return nil, errors.Join(fmt.Errorf("the server Kea does not start: %s", log), stop())
}
