package redis_test

import (
	"flag"
	"fmt"
	"net"
	"os"
	"os/exec"
	"time"
)

// exampleAddr is the server of the examples, which have no test to start one.
var exampleAddr string

// startExamples runs it. Without a redis-server the examples are skipped, but
// where CI is set they fail.
func startExamples() (stop func()) {
	binary, err := exec.LookPath("redis-server")
	if err != nil {
		if os.Getenv("CI") == "" {
			fmt.Fprintln(os.Stderr, "the examples are skipped, there is no redis-server here: apt-get install redis-server")
			_ = flag.Set("test.skip", "^Example")
		}
		return func() {}
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	exampleAddr = listener.Addr().String()
	_ = listener.Close()
	_, port, _ := net.SplitHostPort(exampleAddr)
	server := exec.Command(binary, "--bind", "127.0.0.1", "--port", port, "--save", "", "--appendonly", "no")
	if err := server.Start(); err != nil {
		panic(err)
	}
	for range 1000 {
		if connection, err := net.Dial("tcp", exampleAddr); err == nil {
			_ = connection.Close()
			break
		}
		<-time.After(5 * time.Millisecond)
	}
	return func() {
		_ = server.Process.Kill()
		_ = server.Wait()
	}
}
