// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"golang.org/x/sys/unix"
)

// wiretap is tcpdump before the LAN's server. The server's own log lacks what its
// socket had no room for.
type wiretap struct {
	cmd    *exec.Cmd
	stderr *bufio.Reader
}

const tapFile = "/run/bench-mass.pcap"

// listen returns when tcpdump hears. Not in immediate mode it would lose what it
// heard in its last second.
func listen() (*wiretap, error) {
	w := &wiretap{cmd: exec.Command("nsenter", "--net=/run/netns/router", "--",
		"tcpdump", "--immediate-mode", "-i", "lan0", "-n", "-s", "600", "-B", "8192", "-Z", "root", "-w", tapFile, "udp dst port 67")}
	pipe, err := w.cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := w.cmd.Start(); err != nil {
		return nil, err
	}
	w.stderr = bufio.NewReader(pipe)
	for said := ""; !strings.Contains(said, "listening on"); {
		if said, err = w.stderr.ReadString('\n'); err != nil {
			return nil, fmt.Errorf("start tcpdump: %w", err)
		}
	}
	return w, nil
}

// stop ends it, and counts the DISCOVERs that it heard, and how often a client has
// said the same again, at most.
func (w *wiretap) stop() (discovers, repeats int, err error) {
	if err := w.cmd.Process.Signal(unix.SIGINT); err != nil {
		return 0, 0, err
	}
	_, _ = io.Copy(io.Discard, w.stderr)
	if err := w.cmd.Wait(); err != nil {
		return 0, 0, fmt.Errorf("end tcpdump: %w", err)
	}
	defer os.Remove(tapFile)
	type saying struct {
		mac  string
		what dhcpv4.MessageType
	}
	said := map[saying]int{}
	err = readTap(func(m *dhcpv4.DHCPv4) {
		s := saying{m.ClientHWAddr.String(), m.MessageType()}
		repeats = max(repeats, said[s])
		said[s]++
		if s.what == dhcpv4.MessageTypeDiscover {
			discovers++
		}
	})
	return discovers, repeats, err
}

// Lengths of headers: of pcap's file and packets (pcap-savefile(5)), and of Ethernet,
// IPv4 without options and UDP.
const (
	fileHeader   = 24
	packetHeader = 16
	frameHeaders = 14 + 20 + 8
)

func readTap(each func(*dhcpv4.DHCPv4)) error {
	b, err := os.ReadFile(tapFile)
	if err != nil {
		return err
	}
	for b = b[min(fileHeader, len(b)):]; len(b) > 0; {
		if len(b) < packetHeader {
			return errors.New("tcpdump's file is cut short")
		}
		n := int(binary.NativeEndian.Uint32(b[8:]))
		if b = b[packetHeader:]; n > len(b) {
			return errors.New("tcpdump's file is cut short")
		}
		if m, err := dhcpv4.FromBytes(b[min(frameHeaders, n):n]); err == nil {
			each(m)
		}
		b = b[n:]
	}
	return nil
}
