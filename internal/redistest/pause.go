package redistest

import "os"

// Pause stops the process without ending it. This is the outage that a client
// notices last: the kernel goes on accepting connections and what is written to
// them, and nothing ever comes back.
func (s *Server) Pause() {
	s.t.Helper()
	s.signal(halt)
}

// Resume ends a pause. Everything written meanwhile is executed then.
func (s *Server) Resume() {
	s.t.Helper()
	s.signal(proceed)
}

func (s *Server) signal(signal os.Signal) {
	s.t.Helper()
	if s.process == nil {
		s.t.Fatalf("redistest: %v: the server is stopped", signal)
	}
	if err := s.process.Process.Signal(signal); err != nil {
		s.t.Fatalf("redistest: %v: %v", signal, err)
	}
}
