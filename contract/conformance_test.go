package contract_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// neverSeen lists documented answers that the mock server's tests cannot provoke, each with its reason.
var neverSeen = map[string]string{
	"searchDocs 503": "the mock's index is always ready; tests of faults stand in for one that is not",
}

func TestEmulatorConforms(t *testing.T) {
	recording := filepath.Join(t.TempDir(), "exchanges.jsonl")
	runEmulatorTests(t, recording)
	c := newChecker(t)
	checked := 0
	eachExchange(t, recording, func(e exchange) {
		if !belongsToAPI(e) {
			return
		}
		checked++
		if err := c.check(e); err != nil {
			t.Errorf("%s\n\t%v", e, err)
		}
	})
	if checked == 0 {
		t.Fatal("the emulator's tests recorded no exchange: is wrapHandler of its harness still called?")
	}
	t.Logf("%d exchanges", checked)
	checkCoverage(t, c)
}

// belongsToAPI leaves out the hosted pages and the control calls, which are no API, and what tests of faults were
// answered, which is whatever they asked for. Those tests have Fault in their name.
func belongsToAPI(e exchange) bool {
	return strings.HasPrefix(e.Target, "/api/") && !strings.Contains(e.Test, "Fault")
}

// runEmulatorTests is for the recording, which is worth a look also where a test of the emulator failed.
func runEmulatorTests(t *testing.T, recording string) {
	t.Helper()
	command := exec.CommandContext(t.Context(), "go", "test", "-count=1", "./internal/emulator/...")
	command.Dir = ".."
	command.Env = append(os.Environ(), "SECUREFLOWS_EXCHANGES="+recording, "GOWORK=off")
	if output, err := command.CombinedOutput(); err != nil {
		t.Errorf("%s: %v\n%s", command, err, output)
	}
}

func eachExchange(t *testing.T, recording string, visit func(exchange)) {
	t.Helper()
	file, err := os.Open(recording)
	if err != nil {
		t.Fatalf("nothing was recorded: %v", err)
	}
	defer file.Close()
	decoder := json.NewDecoder(bufio.NewReader(file))
	for decoder.More() {
		var e exchange
		if err := decoder.Decode(&e); err != nil {
			t.Fatal(err)
		}
		visit(e)
	}
}

// checkCoverage wants every documented answer seen, and no excuse for one that was.
func checkCoverage(t *testing.T, c *checker) {
	eachOperation(c.document, func(_, _ string, operation *openapi3.Operation) {
		for _, status := range slices.Sorted(maps.Keys(operation.Responses.Map())) {
			code, err := strconv.Atoi(status)
			if err != nil {
				t.Errorf("%s describes the status %q, which cannot be checked off", operation.OperationID, status)
			}
			name := fmt.Sprintf("%s %s", operation.OperationID, status)
			times, excuse := c.seen[answer{operation.OperationID, code}], neverSeen[name]
			switch {
			case times == 0 && excuse == "":
				t.Errorf("%s is described, but no test of the emulator provoked it", name)
			case times > 0 && excuse != "":
				t.Errorf("%s was seen %d times: it needs no excuse any more", name, times)
			}
		}
	})
	for name := range neverSeen {
		if !describes(c.document, name) {
			t.Errorf("an excuse for %s, which is not described", name)
		}
	}
}

func describes(document *openapi3.T, name string) bool {
	id, status, _ := strings.Cut(name, " ")
	found := false
	eachOperation(document, func(_, _ string, operation *openapi3.Operation) {
		found = found || operation.OperationID == id && operation.Responses.Value(status) != nil
	})
	return found
}
