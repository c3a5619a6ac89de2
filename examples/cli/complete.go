package main

import (
	"bytes"
	"context"
	"io"
	"strings"
)

// complete is what Tab does at the end of a line: it adds what is certain, and
// otherwise lists what may follow.
func (t *prompt) complete(ctx context.Context, line string, at int, key rune) (string, int, bool) {
	if key != '\t' {
		return "", 0, false
	}
	if at != len(line) {
		return line, at, true // nothing, but no Tab in the line either
	}
	before, begun := lastWord(line)
	candidates := t.program.candidates(ctx, before, begun)
	switch len(candidates) {
	case 0:
		return line, at, true
	case 1:
		line = strings.TrimSuffix(line, begun) + candidates[0] + " "
		return line, len(line), true
	}
	if common := commonPrefix(candidates); len(common) > len(begun) {
		line = strings.TrimSuffix(line, begun) + common
		return line, len(line), true
	}
	_, _ = io.WriteString(t.editor, strings.Join(candidates, "  ")+"\n")
	return line, at, true
}

// lastWord takes off the word that is being typed, which may be a JSON text that
// is still open.
func lastWord(line string) (before []string, begun string) {
	rest := strings.TrimLeft(line, " \t")
	for {
		word, after, err := cutWord(rest)
		if err != nil || after == "" {
			return before, rest
		}
		before, rest = append(before, word), strings.TrimLeft(after, " \t")
	}
}

// candidates asks the commands themselves, as a shell's completion does, for the
// words that may stand in place of begun.
func (p *program) candidates(ctx context.Context, before []string, begun string) []string {
	commands := p.promptCommands()
	var answer bytes.Buffer
	commands.SetOut(&answer)
	commands.SetErr(io.Discard)
	flag := ""
	if strings.HasPrefix(begun, "-") {
		flag = begun
	}
	commands.SetArgs(append(append([]string{"__completeNoDesc"}, before...), flag))
	if commands.ExecuteContext(ctx) != nil {
		return nil
	}
	var found []string
	words := strings.Split(answer.String(), "\n")
	for _, word := range words[:max(len(words)-2, 0)] { // the last line is cobra's own remark
		if word = spell(word); strings.HasPrefix(word, begun) {
			found = append(found, word)
		}
	}
	return found
}

func commonPrefix(words []string) string {
	common := words[0]
	for _, word := range words {
		for !strings.HasPrefix(word, common) {
			common = common[:len(common)-1]
		}
	}
	return strings.ToValidUTF8(common, "")
}
