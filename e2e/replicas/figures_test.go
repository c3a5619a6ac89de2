package replicas_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// figures are what the kernel knows of a process. The website measures nothing
// itself, and a goroutine that waits for ever holds a socket or memory.
type figures struct {
	threads, memory int // memory in KiB
	sockets         int
	known           bool // Linux tells
}

func (f figures) String() string {
	if !f.known {
		return "not known here"
	}
	return fmt.Sprintf("%d threads, %d KiB, %d sockets", f.threads, f.memory, f.sockets)
}

var (
	threads = regexp.MustCompile(`(?m)^Threads:\s+(\d+)`)
	memory  = regexp.MustCompile(`(?m)^VmRSS:\s+(\d+)`)
)

func (r *replica) figures(t *testing.T) (f figures) {
	t.Helper()
	process := fmt.Sprintf("/proc/%d", r.PID())
	status, err := os.ReadFile(process + "/status")
	if err != nil {
		return f
	}
	number := func(pattern *regexp.Regexp) (n int) {
		if found := pattern.FindSubmatch(status); found != nil {
			n, _ = strconv.Atoi(string(found[1]))
		}
		return n
	}
	f = figures{threads: number(threads), memory: number(memory), known: true}
	open, _ := filepath.Glob(process + "/fd/*")
	for _, each := range open {
		if target, err := os.Readlink(each); err == nil && strings.HasPrefix(target, "socket:") {
			f.sockets++
		}
	}
	return f
}

// quiet gives the figures of every replica once the visitors have left, who keep
// connections open to come back on.
func (s *site) quiet() (all []figures) {
	s.t.Helper()
	s.balancer.door.CloseIdleConnections()
	for _, each := range s.replicas {
		each.door.CloseIdleConnections()
	}
	for _, each := range s.replicas {
		all = append(all, each.figures(s.t))
	}
	return all
}
