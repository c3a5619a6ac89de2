package redistest

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Do makes a call on a connection of its own, past whatever client is tested,
// and gives the reply: a string, an int64, a []any of those, or nil.
func (s *Server) Do(command ...string) any {
	s.t.Helper()
	c := s.dial()
	defer c.Close()
	return s.do(c, command...)
}

func (s *Server) dial() *conn {
	s.t.Helper()
	c, err := dial(context.Background(), s.addr)
	if err == nil {
		err = c.SetDeadline(time.Now().Add(patience))
	}
	if err != nil {
		s.t.Fatalf("redistest: %v", err)
	}
	return c
}

func (s *Server) do(c *conn, command ...string) any {
	s.t.Helper()
	reply, err := c.do(command...)
	if err != nil {
		s.t.Fatalf("redistest: %s: %v", command[0], err)
	}
	return reply
}

// Dump gives everything that the server keeps, to be searched for what must not
// be there: names and values of all keys of all databases, and the bytes that a
// snapshot would have. It gives values as they were written too, because the
// snapshot compresses, and a search of that alone would find nothing.
func (s *Server) Dump() []byte {
	s.t.Helper()
	c := s.dial()
	defer c.Close()
	var all bytes.Buffer
	for database := range 16 {
		s.do(c, "SELECT", strconv.Itoa(database))
		for _, key := range s.keys(c) {
			fmt.Fprintf(&all, "\n%s\n", key)
			s.dumpKey(&all, c, key)
		}
	}
	return all.Bytes()
}

// keys are those of one database, in more than one step: SCAN gives no more than
// a part, and may give a key twice.
func (s *Server) keys(c *conn) (keys []string) {
	s.t.Helper()
	for cursor := "0"; ; {
		reply, _ := s.do(c, "SCAN", cursor, "COUNT", "1000").([]any)
		if len(reply) != 2 {
			s.t.Fatalf("redistest: SCAN is answered by %v", reply)
		}
		found, _ := reply[1].([]any)
		for _, key := range found {
			keys = append(keys, fmt.Sprint(key))
		}
		if cursor = fmt.Sprint(reply[0]); cursor == "0" {
			return keys
		}
	}
}

// whole are the commands that read a value of each type. What a module adds is
// not among them, and fails the test rather than being left out.
var whole = map[string][]string{
	"string": {"GET", ""},
	"list":   {"LRANGE", "", "0", "-1"},
	"set":    {"SMEMBERS", ""},
	"zset":   {"ZRANGE", "", "0", "-1", "WITHSCORES"},
	"hash":   {"HGETALL", ""},
	"stream": {"XRANGE", "", "-", "+"},
}

func (s *Server) dumpKey(all *bytes.Buffer, c *conn, key string) {
	s.t.Helper()
	kind := fmt.Sprint(s.do(c, "TYPE", key))
	if kind == "none" {
		return // it has ended meanwhile
	}
	command, known := whole[kind]
	if !known {
		s.t.Fatalf("redistest: the key %q is a %s, which Dump does not know", key, kind)
	}
	command = append([]string{}, command...)
	command[1] = key
	writeReply(all, s.do(c, command...))
	writeReply(all, s.do(c, "DUMP", key))
	if kind == "stream" { // names of consumers are kept too
		writeReply(all, s.do(c, "XINFO", "STREAM", key, "FULL"))
	}
}

func writeReply(all *bytes.Buffer, reply any) {
	if list, ok := reply.([]any); ok {
		for _, each := range list {
			writeReply(all, each)
		}
		return
	}
	fmt.Fprintf(all, "%v\n", reply)
}

// Listen begins to write down what every client says to the server, and stop
// gives it. Dump does not show what is only passed on (PUBLISH), nor what was
// there for a moment.
func (s *Server) Listen() (stop func() []byte) {
	s.t.Helper()
	c := s.dial()
	s.do(c, "MONITOR")
	_ = c.SetDeadline(time.Time{}) // it is closed with the test
	s.t.Cleanup(func() { c.Close() })
	heard := make(chan []byte, 1)
	mark := "redistest-" + s.addr
	go func() {
		var all bytes.Buffer
		for {
			line, err := c.read()
			if text, ok := line.(string); ok {
				all.WriteString(unquote(text))
				all.WriteByte('\n')
			}
			if err != nil || strings.Contains(fmt.Sprint(line), mark) {
				heard <- all.Bytes()
				return
			}
		}
	}()
	return func() []byte {
		s.t.Helper()
		defer c.Close()
		s.Do("ECHO", mark) // whatever was said before has been heard when this is
		select {
		case all := <-heard:
			return all
		case <-time.After(patience):
			s.t.Fatal("redistest: MONITOR does not come to an end")
			return nil
		}
	}
}

// unquote undoes the escapes of MONITOR, which shows arguments as
// "a\x00\"b".
func unquote(line string) string {
	var plain strings.Builder
	for rest := line; rest != ""; {
		if rest[0] == '"' {
			rest = rest[1:]
			continue
		}
		value, multibyte, tail, err := strconv.UnquoteChar(rest, '"')
		switch {
		case err != nil: // not an escape
			plain.WriteByte(rest[0])
			rest = rest[1:]
			continue
		case multibyte:
			plain.WriteRune(value)
		default:
			plain.WriteByte(byte(value))
		}
		rest = tail
	}
	return plain.String()
}
