package main

import (
	"bufio"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
)

// outputs is what the process gave out: logs, answers, error texts. It lies in a
// file, so that the heap is that of the code under test.
type outputs struct {
	mu     sync.Mutex // guards all below
	file   *os.File
	buffer *bufio.Writer
	size   int64
}

func newOutputs() (*outputs, error) {
	file, err := os.CreateTemp("", "soak-outputs-")
	if err != nil {
		return nil, err
	}
	return &outputs{file: file, buffer: bufio.NewWriterSize(file, 64<<10)}, nil
}

// Write takes whole lines, as log/slog gives them.
func (o *outputs) Write(text []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.size += int64(len(text))
	return o.buffer.Write(text)
}

func (o *outputs) printf(format string, values ...any) { fmt.Fprintf(o, format+"\n", values...) }

// search gives the lines of the output with a token or a piece of one.
func (o *outputs) search(tokens []string) ([]string, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if err := o.rewind(); err != nil {
		return nil, err
	}
	return searchPieces(o.file, tokens)
}

// lines gives everything that was written, of lines without spaces.
func (o *outputs) lines() ([]string, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if err := o.rewind(); err != nil {
		return nil, err
	}
	text, err := io.ReadAll(o.file)
	return strings.Fields(string(text)), err
}

// rewind makes the file ready to be read. The caller holds the lock.
func (o *outputs) rewind() error {
	if err := o.buffer.Flush(); err != nil {
		return err
	}
	_, err := o.file.Seek(0, io.SeekStart)
	return err
}

func (o *outputs) close() error {
	return errors.Join(o.file.Close(), os.Remove(o.file.Name()))
}

// pieceBytes is how much of a token is too much. Less than that is found by
// chance in the random ids of requests.
const pieceBytes = 12

var pieceSeed = maphash.MakeSeed()

// pieces are the hashes of every piece of every token, sorted.
func pieces(tokens []string) []uint64 {
	var hashes []uint64
	for _, token := range tokens {
		for i := 0; i+pieceBytes <= len(token); i++ {
			hashes = append(hashes, maphash.String(pieceSeed, token[i:i+pieceBytes]))
		}
	}
	slices.Sort(hashes)
	return slices.Compact(hashes)
}

// searchPieces gives the lines of text that have a piece of a token in them.
func searchPieces(text io.Reader, tokens []string) ([]string, error) {
	known := pieces(tokens)
	reader := bufio.NewReaderSize(text, 64<<10)
	var found []string
	for {
		line, err := reader.ReadBytes('\n')
		if holdsPiece(line, known) && len(found) < maxEvidence {
			found = append(found, evidence(line, known))
		}
		if errors.Is(err, io.EOF) {
			return found, nil
		}
		if err != nil {
			return found, err
		}
	}
}

// holdsPiece looks at runs of what a token is made of alone.
func holdsPiece(line []byte, known []uint64) bool {
	run := 0
	for i, c := range line {
		if !tokenByte(c) {
			run = 0
			continue
		}
		if run++; run >= pieceBytes && isPiece(line[i+1-pieceBytes:i+1], known) {
			return true
		}
	}
	return false
}

func isPiece(text []byte, known []uint64) bool {
	_, found := slices.BinarySearch(known, maphash.Bytes(pieceSeed, text))
	return found
}

func tokenByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_' || c == '.'
}

// evidence is the line without the token.
func evidence(line []byte, known []uint64) string {
	shown := slices.Clone(line)
	for i := 0; i+pieceBytes <= len(line); i++ {
		if isPiece(line[i:i+pieceBytes], known) {
			for j := i; j < i+pieceBytes; j++ {
				shown[j] = '#'
			}
		}
	}
	const most = 500
	return string(shown[:min(most, len(shown))])
}
