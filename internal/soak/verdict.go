package main

import (
	"fmt"
	"io"
	"slices"
	"sync"
)

// The rules of the storm.
const (
	ruleSignOut   = "no false sign-out"
	ruleWrite     = "no write acknowledged and lost"
	ruleIdentity  = "no identity mixed"
	ruleToken     = "no token in any output"
	ruleGoroutine = "no goroutine leaked"
	ruleConn      = "no connection leaked"
	ruleMemory    = "memory flat"
	ruleRecovery  = "every client served after the storm"
)

var rules = []string{
	ruleSignOut, ruleWrite, ruleIdentity, ruleToken, ruleGoroutine, ruleConn, ruleMemory, ruleRecovery,
}

// maxEvidence is how much of a rule's evidence is kept.
const maxEvidence = 10

// violations are the rules that were broken, with the evidence.
type violations struct {
	mu       sync.Mutex // guards all below
	counts   map[string]int
	evidence map[string][]string
}

func newViolations() *violations {
	return &violations{counts: make(map[string]int), evidence: make(map[string][]string)}
}

func (v *violations) add(rule, format string, values ...any) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.counts[rule]++
	if len(v.evidence[rule]) < maxEvidence {
		v.evidence[rule] = append(v.evidence[rule], fmt.Sprintf(format, values...))
	}
}

func (v *violations) has(rule string) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.counts[rule] > 0
}

func (v *violations) broken() []string {
	v.mu.Lock()
	defer v.mu.Unlock()
	var broken []string
	for rule := range v.counts {
		broken = append(broken, rule)
	}
	slices.Sort(broken)
	return broken
}

func (v *violations) print(w io.Writer) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, rule := range rules {
		fmt.Fprintf(w, "| %s | %d |\n", rule, v.counts[rule])
	}
	for _, rule := range rules {
		for _, line := range v.evidence[rule] {
			fmt.Fprintf(w, "\nBROKEN %s: %s\n", rule, line)
		}
	}
}
