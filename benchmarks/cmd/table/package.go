package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// line is a benchmark of another package and its medians.
type line struct {
	name string
	cost cost
}

// measurePackage runs benchmarks of the package in a folder, in rounds, and
// gives the processor's name as the testing package says it.
func measurePackage(ctx context.Context, folder, pattern string, rounds int, length time.Duration) (lines []line, cpu string, err error) {
	temporary, err := os.MkdirTemp("", "table")
	if err != nil {
		return nil, "", err
	}
	defer os.RemoveAll(temporary)
	program := filepath.Join(temporary, "benchmark")
	build := exec.CommandContext(ctx, "go", "test", "-c", "-o", program, ".")
	build.Dir = folder
	if output, err := build.CombinedOutput(); err != nil {
		return nil, "", fmt.Errorf("build the benchmarks in %s: %w\n%s", folder, err, output)
	}
	var all bytes.Buffer
	for range rounds {
		command := exec.CommandContext(ctx, program, "-test.run=^$", "-test.bench="+pattern, "-test.benchmem", "-test.benchtime="+length.String())
		command.Dir = folder
		output, err := command.Output()
		if err != nil {
			return nil, "", fmt.Errorf("run the benchmarks in %s: %w\n%s", folder, err, output)
		}
		all.Write(output)
	}
	lines, cpu = parse(all.String())
	return lines, cpu, nil
}

// parse reads the output of benchmarks, in which a name may occur many times.
func parse(output string) (lines []line, cpu string) {
	costs := map[string][]cost{}
	var names []string
	for scanner := bufio.NewScanner(strings.NewReader(output)); scanner.Scan(); {
		if name, ok := strings.CutPrefix(scanner.Text(), "cpu: "); ok {
			cpu = name
		}
		fields := strings.Fields(scanner.Text())
		if len(fields) < 4 || !strings.HasPrefix(fields[0], "Benchmark") {
			continue
		}
		name := fields[0]
		if at := strings.LastIndex(name, "-"); at > 0 {
			name = name[:at] // the number of processors
		}
		if costs[name] == nil {
			names = append(names, name)
		}
		costs[name] = append(costs[name], costOf(fields[2:]))
	}
	for _, name := range names {
		lines = append(lines, line{name: name, cost: median(costs[name])})
	}
	return lines, cpu
}

// costOf reads pairs of a figure and its unit.
func costOf(fields []string) cost {
	var c cost
	for i := 0; i+1 < len(fields); i += 2 {
		figure, err := strconv.ParseFloat(fields[i], 64)
		if err != nil {
			continue
		}
		switch fields[i+1] {
		case "ns/op":
			c.nanoseconds = figure
		case "B/op":
			c.bytes = int64(figure)
		case "allocs/op":
			c.allocations = int64(figure)
		}
	}
	return c
}
