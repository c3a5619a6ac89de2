package replicas_test

import (
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// line is a way to Redis that can be cut for one replica, while the others have
// theirs.
type line struct {
	addr string

	mu    sync.Mutex // guards what is below
	cut   bool
	conns map[net.Conn]bool
}

func lineTo(t *testing.T, addr string) *line {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	l := &line{addr: listener.Addr().String(), conns: make(map[net.Conn]bool)}
	t.Cleanup(func() {
		listener.Close()
		l.set(true)
	})
	go func() {
		for {
			near, err := listener.Accept()
			if err != nil {
				return
			}
			go l.carry(near, addr)
		}
	}()
	return l
}

func (l *line) carry(near net.Conn, addr string) {
	defer near.Close()
	far, err := net.Dial("tcp", addr)
	if err != nil {
		return
	}
	defer far.Close()
	l.mu.Lock()
	cut := l.cut
	l.conns[near], l.conns[far] = true, true
	l.mu.Unlock()
	if cut {
		return
	}
	go func() {
		_, _ = io.Copy(far, near)
		far.Close()
	}()
	_, _ = io.Copy(near, far)
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.conns, near)
	delete(l.conns, far)
}

// set cuts the line, or mends it.
func (l *line) set(cut bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cut = cut
	for conn := range l.conns {
		if cut {
			conn.Close()
		}
	}
}

// cutOff signs somebody in whom all replicas have in memory, cuts the first one
// off, and signs them out on another. It gives whoever has kept the cookies. The
// token stays good, as the browser is not sent on to the hosted logout.
func cutOff(t *testing.T) (s *site, kept *visitor, ended time.Time) {
	t.Helper()
	s = deployment{apart: true}.start(t)
	v := s.visitor(ada)
	v.signIn(s.replicas[1])
	for range 2 {
		for _, each := range s.replicas {
			v.sees(each)
		}
	}
	kept = v.copy()
	s.line.set(true)
	require.Equal(t, http.StatusSeeOther, v.submit(s.replicas[1], signOut, nil).status)
	ended = time.Now()
	untilRefused(t, kept, s.replicas[1:], ended)
	require.Equal(t, http.StatusOK, kept.fetch(s.replicas[0], anyPage).status, "it is not cut off")
	return s, kept, ended
}

func TestAReplicaIsCutOffForAMoment(t *testing.T) {
	s, kept, _ := cutOff(t)
	s.line.set(false)
	took := until(t, "the sign-out is heard of once the line is mended", heardAgain, func() bool {
		return kept.fetch(s.replicas[0], anyPage).status == http.StatusUnauthorized
	})
	t.Logf("%s refuses %v after the line is mended", s.replicas[0].name, took)
}

// It uses what it has for MaxAge, and nothing after that.
func TestAReplicaIsCutOff(t *testing.T) {
	s, kept, ended := cutOff(t)
	var longest time.Duration
	for time.Since(ended) < maxAge+2*time.Second {
		a := kept.fetch(s.replicas[0], anyPage)
		if a.status == http.StatusOK {
			longest = a.asked.Sub(ended)
		} else {
			require.Equal(t, http.StatusServiceUnavailable, a.status, "%v", a)
		}
		wait(t, 20*time.Millisecond)
	}
	assert.LessOrEqual(t, longest, maxAge)
	s.line.set(false)
	took := until(t, "the line is mended", heardAgain, func() bool {
		a := kept.fetch(s.replicas[0], anyPage)
		require.NotEqual(t, http.StatusOK, a.status, "somebody who has signed out is back")
		return a.status == http.StatusUnauthorized
	})
	t.Logf("%s serves for %v, and refuses %v after the line is mended", s.replicas[0].name, longest.Round(time.Millisecond), took)
}
