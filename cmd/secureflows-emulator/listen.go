package main

import (
	"context"
	"fmt"
	"net"
	"strings"
)

// listen refuses every address but loopback unless it is told not to: the
// emulator signs anybody in as anybody.
func listen(ctx context.Context, addr string, insecure bool) (net.Listener, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("-addr %q: %w: write it such as 127.0.0.1:8787", addr, err)
	}
	if ip := net.ParseIP(host); !insecure && host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, notLoopback(addr)
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("-addr %q: %w: is another emulator running? Port 0 picks a free one", addr, err)
	}
	if bound, ok := listener.Addr().(*net.TCPAddr); !insecure && (!ok || !bound.IP.IsLoopback()) {
		listener.Close() // a hosts file may say anything about localhost
		return nil, notLoopback(addr)
	}
	return listener, nil
}

func notLoopback(addr string) error {
	return fmt.Errorf("-addr %q is not a loopback address: the emulator signs anybody in as anybody, so it listens on localhost, 127.0.0.1 or [::1] only, unless you add -insecure-listen", addr)
}

// namesOf is the name that the address was given by, if it is one: whoever runs
// the emulator calls it so.
func namesOf(addr string) []string {
	host, _, err := net.SplitHostPort(addr)
	if err != nil || host == "" || net.ParseIP(host) != nil {
		return nil
	}
	return []string{strings.ToLower(host)}
}

// originOf is what a client on this machine calls the emulator by. An address
// that stands for all of the machine's is none to call.
func originOf(addr string, bound net.Addr) string {
	host, port, err := net.SplitHostPort(bound.String())
	if err != nil {
		return "http://" + addr
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, port)
}
