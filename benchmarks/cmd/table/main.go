// Table measures the peers in interleaved rounds, prints the table of medians
// and writes it, with a plot of it, into the README of the benchmarks:
//
//	go run -C benchmarks ./cmd/table
//
// It wants a machine that does nothing else for seven minutes or so.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"testing"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	testing.Init() // its flags hold the length of a measurement
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "table:", err)
		os.Exit(1)
	}
}

// plotFile is beside the README, which shows it.
const plotFile = "request.svg"

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("table", flag.ContinueOnError)
	flags.SetOutput(stderr)
	rounds := flags.Int("rounds", 40, "how often everything is measured; the medians count")
	length := flags.Duration("benchtime", 40*time.Millisecond, "how long one measurement takes, about")
	module := flags.String("module", ".", "`folder` of the benchmarks' module; the SDK's is above it")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *rounds < 1 {
		return fmt.Errorf("-rounds %d: at least 1", *rounds)
	}
	// What can fail to compile comes first.
	client, cpu, err := measurePackage(ctx, filepath.Join(*module, ".."), "BenchmarkGet$", *rounds, *length)
	if err != nil {
		return err
	}
	mock, _, err := measurePackage(ctx, filepath.Join(*module, "..", "internal", "emulator"), "BenchmarkGetKey$", *rounds, *length)
	if err != nil {
		return err
	}
	providers, _, err := measurePackage(ctx, *module, "BenchmarkProviders$", *rounds, *length)
	if err != nil {
		return err
	}
	rows, err := measurePeers(ctx, *rounds, *length, stderr)
	if err != nil {
		return err
	}
	report := newReport(rows, cpu, *rounds, *length)
	report.Client, report.Mock, report.Providers = lineTable(client), lineTable(mock), lineTable(providers)
	if err := os.WriteFile(filepath.Join(*module, plotFile), plot(rows), 0o644); err != nil {
		return err
	}
	text, err := report.markdown()
	if err != nil {
		return err
	}
	fmt.Fprint(stdout, report.Table)
	return os.WriteFile(filepath.Join(*module, "README.md"), text, 0o644)
}
