package redistest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"
)

// conn speaks RESP, the protocol of Redis, version 2:
// https://redis.io/docs/latest/develop/reference/protocol-spec/
type conn struct {
	net.Conn
	r *bufio.Reader
}

func dial(ctx context.Context, addr string) (*conn, error) {
	dialer := net.Dialer{Timeout: time.Second}
	raw, err := dialer.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	return &conn{raw, bufio.NewReader(raw)}, nil
}

func ping(ctx context.Context, addr string) error {
	c, err := dial(ctx, addr)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(time.Second)); err != nil {
		return err
	}
	switch reply, err := c.do("PING"); {
	case err != nil:
		return err
	case reply != "PONG":
		return fmt.Errorf("redistest: PING is answered by %v", reply)
	}
	return nil
}

// do sends a command and reads the reply: a string, an int64, a []any, or nil.
func (c *conn) do(command ...string) (any, error) {
	var text strings.Builder
	fmt.Fprintf(&text, "*%d\r\n", len(command))
	for _, word := range command {
		fmt.Fprintf(&text, "$%d\r\n%s\r\n", len(word), word)
	}
	if _, err := io.WriteString(c.Conn, text.String()); err != nil {
		return nil, err
	}
	return c.read()
}

func (c *conn) read() (any, error) {
	line, err := c.r.ReadString('\n')
	if err != nil {
		return nil, err
	}
	line = strings.TrimSuffix(line, "\r\n")
	if line == "" {
		return nil, errors.New("redistest: an empty reply")
	}
	kind, rest := line[0], line[1:]
	switch kind {
	case '+':
		return rest, nil
	case '-':
		return nil, errors.New("redistest: " + rest)
	case ':':
		return strconv.ParseInt(rest, 10, 64)
	case '$', '*':
		length, err := strconv.Atoi(rest)
		if err != nil || length < 0 { // -1 is nil
			return nil, err
		}
		if kind == '$' {
			return c.text(length)
		}
		return c.list(length)
	}
	return nil, fmt.Errorf("redistest: a reply of kind %q", kind)
}

func (c *conn) text(length int) (any, error) {
	text := make([]byte, length+len("\r\n"))
	if _, err := io.ReadFull(c.r, text); err != nil {
		return nil, err
	}
	return string(text[:length]), nil
}

func (c *conn) list(length int) (any, error) {
	list := make([]any, length)
	for i := range list {
		var err error
		if list[i], err = c.read(); err != nil {
			return nil, err
		}
	}
	return list, nil
}
