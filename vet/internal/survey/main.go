//go:build linux

// Survey runs the analyser over well-known programs that do not use the SDK,
// where every report would be a false one, and measures time and memory:
//
//	go run ./internal/survey [-only WORD] [-work DIR]
//
// It downloads them from the module proxy and executes nothing of theirs: they
// are loaded and type-checked. What it finds is kept in results.json, of which
// the table in README.md is made.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// A codebase is a program of the survey.
type codebase struct {
	Module    string `json:"module"`
	Version   string `json:"version"`
	Framework string `json:"framework"`
}

var codebases = []codebase{
	{"code.gitea.io/gitea", "v1.26.0", "chi"},
	{"github.com/argoproj/argo-cd/v2", "v2.14.21", "grpc-gateway, gorilla/mux"},
	{"github.com/caddyserver/caddy/v2", "v2.11.9", "net/http"},
	{"github.com/minio/minio", "v0.0.0-20260212201848-7aac2a2c5b7c", "minio/mux"},
	{"github.com/ollama/ollama", "v0.17.4", "gin"},
	{"github.com/ory/kratos", "v1.3.1", "httprouter, negroni"},
	{"github.com/pocketbase/pocketbase", "v0.30.0", "its own, on ServeMux"},
	{"github.com/prometheus/alertmanager", "v0.34.2", "go-openapi"},
	{"github.com/prometheus/prometheus", "v0.316.0", "route of prometheus/common"},
	{"github.com/smallstep/certificates", "v0.30.2", "chi"},
	{"github.com/traefik/traefik/v3", "v3.5.4", "gorilla/mux"},
}

// A result is what was found of one codebase.
type result struct {
	codebase
	Lines   int `json:"lines"`
	Command run `json:"command"` // as everybody runs it
	Rules   run `json:"rules"`   // with every rule run on every package
}

// A run is one look at a codebase.
type run struct {
	Packages int     `json:"packages,omitempty"`
	Broken   int     `json:"broken,omitempty"` // packages that could not be type-checked, and were not looked at
	Lines    int     `json:"lines,omitempty"`
	Reports  int     `json:"reports"`
	Loading  float64 `json:"loading,omitempty"` // seconds
	Seconds  float64 `json:"seconds"`           // in all, or of the rules alone
	PeakMB   int64   `json:"peak_mb"`
}

const results = "internal/survey/results.json"

func main() {
	only := flag.String("only", "", "survey the modules with this word in their path alone")
	work := flag.String("work", filepath.Join(os.TempDir(), "secureflowsvet-survey"), "the directory to work in")
	everywhere := flag.String("everywhere", "", "look at every package of this directory, and write what was found as JSON")
	flag.Parse()
	ctx, _ := signal.NotifyContext(context.Background(), os.Interrupt)
	var err error
	if *everywhere != "" {
		err = look(ctx, *everywhere)
	} else {
		err = survey(ctx, *work, *only)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "survey:", err)
		os.Exit(1)
	}
}

func survey(ctx context.Context, work, only string) error {
	if err := os.MkdirAll(work, 0o750); err != nil {
		return err
	}
	tool := filepath.Join(work, "secureflowsvet")
	if err := command(ctx, ".", "go", "build", "-o", tool, "./cmd/secureflowsvet").Run(); err != nil {
		return fmt.Errorf("build: %w", err)
	}
	for _, c := range codebases {
		if !strings.Contains(c.Module, only) {
			continue
		}
		found, err := surveyOne(ctx, work, tool, c)
		if err != nil {
			return fmt.Errorf("%s: %w", c.Module, err)
		}
		fmt.Fprintf(os.Stderr, "%+v\n", found)
		if err := keep(found); err != nil {
			return err
		}
	}
	return nil
}

func surveyOne(ctx context.Context, work, tool string, c codebase) (result, error) {
	dir, err := fetch(ctx, work, c)
	if err != nil {
		return result{}, err
	}
	found := result{codebase: c}
	if _, err := measure(ctx, dir, &run{}, tool, "-tests=false", "-json", "./..."); err != nil { // warms the caches
		return found, err
	}
	output, err := measure(ctx, dir, &found.Command, tool, "-tests=false", "-json", "./...")
	if err != nil {
		return found, err
	}
	var reports []json.RawMessage
	if err := json.Unmarshal(output, &reports); err != nil {
		return found, err
	}
	found.Command.Reports = len(reports)
	self, err := os.Executable()
	if err != nil {
		return found, err
	}
	if output, err = measure(ctx, dir, &found.Rules, self, "-everywhere", dir); err != nil {
		return found, err
	}
	peak := found.Rules.PeakMB
	if err := json.Unmarshal(output, &found.Rules); err != nil {
		return found, err
	}
	found.Rules.PeakMB, found.Lines, found.Rules.Lines = peak, found.Rules.Lines, 0
	return found, nil
}

// fetch downloads a codebase and copies it to where the go command takes it for
// a main module.
func fetch(ctx context.Context, work string, c codebase) (string, error) {
	dir := filepath.Join(work, strings.ReplaceAll(c.Module, "/", "_")+"@"+c.Version)
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	download := command(ctx, work, "go", "mod", "download", "-json", c.Module+"@"+c.Version)
	download.Stdout = nil
	output, err := download.Output()
	if err != nil {
		return "", err
	}
	var downloaded struct{ Dir string }
	if err := json.Unmarshal(output, &downloaded); err != nil {
		return "", err
	}
	if err := os.CopyFS(dir, os.DirFS(downloaded.Dir)); err != nil {
		return "", err
	}
	return dir, nil
}

// measure runs a command, and notes how long it took and what it and all that
// it started had of memory at the most.
func measure(ctx context.Context, dir string, found *run, name string, arguments ...string) ([]byte, error) {
	measured := command(ctx, dir, name, arguments...)
	measured.Stdout = nil
	start := time.Now()
	output, err := measured.Output()
	if err != nil && measured.ProcessState.ExitCode() != 1 { // 1 is findings
		return nil, err
	}
	found.Seconds = time.Since(start).Seconds()
	if usage, ok := measured.ProcessState.SysUsage().(*syscall.Rusage); ok {
		found.PeakMB = usage.Maxrss >> 10 // KiB: other systems count otherwise
	}
	return output, nil
}

// command is one with the environment of the survey: no C compiler, since that
// runs what a codebase says, no workspace, and sums of modules filled in.
func command(ctx context.Context, dir, name string, arguments ...string) *exec.Cmd {
	made := exec.CommandContext(ctx, name, arguments...) //nolint:gosec // the survey's own commands
	made.Dir, made.Stderr = dir, os.Stderr
	made.Env = append(os.Environ(), environment...)
	return made
}

var environment = []string{"CGO_ENABLED=0", "GOWORK=off", "GOFLAGS=-mod=mod -buildvcs=false", "GOTOOLCHAIN=local"}

// keep puts a result among those of the file, in the place of an older one.
func keep(found result) error {
	var all []result
	if text, err := os.ReadFile(results); err == nil {
		if err := json.Unmarshal(text, &all); err != nil {
			return err
		}
	}
	all = slices.DeleteFunc(all, func(r result) bool { return r.Module == found.Module })
	all = append(all, found)
	slices.SortFunc(all, func(a, b result) int { return strings.Compare(a.Module, b.Module) })
	text, err := json.MarshalIndent(all, "", "\t")
	if err != nil {
		return err
	}
	return os.WriteFile(results, append(text, '\n'), 0o600)
}
