package redistest_test

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/secureflows/secureflows-go/internal/redistest"
)

func TestServersAreOfTheirOwn(t *testing.T) {
	one, other := redistest.Start(t), redistest.Start(t)
	one.Do("SET", "key", "value")
	if value := other.Do("GET", "key"); value != nil {
		t.Errorf("the other server has %v", value)
	}
	if one.URL() != "redis://"+one.Addr() || one.Addr() == other.Addr() {
		t.Errorf("%s and %s", one.URL(), other.URL())
	}
}

// A paused server is the one that accepts and does not answer.
func TestPauseAndResume(t *testing.T) {
	server := redistest.Start(t)
	server.Pause()
	conn, err := net.Dial("tcp", server.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte("PING\r\n")); err != nil {
		t.Fatal(err)
	}
	answer := make([]byte, 7)
	_ = conn.SetReadDeadline(time.Now().Add(300 * time.Millisecond))
	if n, err := conn.Read(answer); err == nil {
		t.Fatalf("a paused server answers %q", answer[:n])
	}
	server.Resume()
	_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	if _, err := conn.Read(answer); err != nil || string(answer) != "+PONG\r\n" {
		t.Errorf("after the pause: %q, %v", answer, err)
	}
}

func TestRestart(t *testing.T) {
	for _, test := range []struct {
		name string
		args []string
		want any
	}{
		{"forgets", nil, nil},
		{"remembers with an append-only file", []string{"--appendonly", "yes", "--appendfsync", "always"}, "value"},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := redistest.Start(t, test.args...)
			addr := server.Addr()
			server.Do("SET", "key", "value")
			server.Stop()
			server.Stop()
			if conn, err := net.Dial("tcp", addr); err == nil {
				conn.Close()
				t.Error("a stopped server accepts connections")
			}
			server.Restart()
			if got := server.Do("GET", "key"); got != test.want || server.Addr() != addr {
				t.Errorf("%s has %v, want %v at %s", server.Addr(), got, test.want, addr)
			}
		})
	}
}

func TestStoppedPaused(t *testing.T) {
	server := redistest.Start(t)
	server.Pause()
	server.Restart()
	if got := server.Do("PING"); got != "PONG" {
		t.Error(got)
	}
	server.Pause() // and it ends with the test all the same
}

func TestDumpHasEverything(t *testing.T) {
	server := redistest.Start(t)
	long := strings.Repeat("compressible ", 200)
	want := []string{long}
	canary := func(place string) string {
		want = append(want, "canary-"+place)
		return "canary-" + place
	}
	server.Do("SET", canary("key"), canary("string")+"\x00\xff\r\n")
	server.Do("SET", "long", long)
	server.Do("RPUSH", "list", canary("list"))
	server.Do("SADD", "set", canary("member"))
	server.Do("ZADD", "zset", "1", canary("ranked"))
	server.Do("HSET", "hash", canary("field"), canary("value"))
	server.Do("XADD", "stream", "*", canary("entry"), canary("text"))
	server.Do("XGROUP", "CREATE", "stream", canary("group"), "0")
	server.Do("XREADGROUP", "GROUP", "canary-group", canary("consumer"), "STREAMS", "stream", ">")
	server.Do("EVAL", "redis.call('SELECT', 7); return redis.call('SET', KEYS[1], 'x')", "1", canary("database"))
	for i := range 3000 { // more than one step of SCAN
		server.Do("SET", fmt.Sprintf("many-%d", i), "x")
	}
	want = append(want, "many-0\n", "many-2999\n")
	all := server.Dump()
	for _, text := range want {
		if !bytes.Contains(all, []byte(text)) {
			t.Errorf("not in the dump: %.40s", text)
		}
	}
}

func TestListenHearsWhatIsNotKept(t *testing.T) {
	server := redistest.Start(t)
	stop := server.Listen()
	server.Do("PUBLISH", "channel", "canary-published \x00\xff\"\\ é")
	server.Do("SET", "key", "canary-short-lived", "PX", "1")
	heard := stop()
	for _, text := range []string{"canary-published \x00\xff\"\\ é", "canary-short-lived"} {
		if !bytes.Contains(heard, []byte(text)) {
			t.Errorf("not heard: %q, of %q", text, heard)
		}
	}
	if all := server.Dump(); bytes.Contains(all, []byte("canary-published")) {
		t.Error("what is published is kept")
	}
}

// Where nothing is installed tests are skipped, but where they are relied upon
// they fail.
func TestMissingServer(t *testing.T) {
	if os.Getenv("REDISTEST_MISSING") != "" {
		redistest.Start(t)
		return
	}
	for ci, said := range map[string]string{"": "--- SKIP: TestMissingServer", "true": "--- FAIL: TestMissingServer"} {
		again := exec.Command(os.Args[0], "-test.run=^TestMissingServer$", "-test.v")
		again.Env = append(os.Environ(), "REDISTEST_MISSING=1", "PATH="+t.TempDir(), "CI="+ci)
		output, err := again.CombinedOutput()
		if (err != nil) != (ci != "") || !bytes.Contains(output, []byte(said)) ||
			!bytes.Contains(output, []byte("apt-get install redis-server")) {
			t.Errorf("CI=%q: %v: %s", ci, err, output)
		}
	}
}
