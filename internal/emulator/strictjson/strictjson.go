// Package strictjson reads JSON that people write by hand. A member that is
// misspelled would otherwise be passed over in silence, and its effect waited
// for in vain: here it is an error that says where it stands and what the
// members are called.
package strictjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// Decode reads one JSON text, with nothing after it, into a struct. Names of
// members are compared exactly; encoding/json would take any letter case. A
// type with an UnmarshalJSON or UnmarshalText of its own is left to that.
func Decode(text []byte, into any) error {
	if len(bytes.TrimSpace(text)) == 0 {
		return errors.New("it is empty: write a JSON object")
	}
	if err := checkSyntax(text); err != nil {
		return err
	}
	if err := checkNames(text, reflect.TypeOf(into), ""); err != nil {
		return err
	}
	err := json.Unmarshal(text, into)
	var mismatch *json.UnmarshalTypeError
	if errors.As(err, &mismatch) {
		where := mismatch.Field
		if where == "" {
			where = "it"
		}
		return fmt.Errorf("%s is a JSON %s: write %s", where, mismatch.Value, kindOf(mismatch.Type))
	}
	return err
}

func checkSyntax(text []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	var value json.RawMessage
	err := decoder.Decode(&value)
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &syntax):
		return fmt.Errorf("line %d is not JSON: %w", lineOf(text, syntax.Offset), syntax)
	case err != nil: // io.ErrUnexpectedEOF
		return errors.New("it breaks off: a bracket or quote is not closed")
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("line %d has text after the JSON", lineOf(text, decoder.InputOffset()))
	}
	return nil
}

func lineOf(text []byte, offset int64) int {
	return 1 + bytes.Count(text[:min(offset, int64(len(text)))], []byte("\n"))
}

var (
	unmarshaler     = reflect.TypeFor[json.Unmarshaler]()
	textUnmarshaler = reflect.TypeFor[interface{ UnmarshalText([]byte) error }]()
)

// checkNames looks for members that t does not have. What does not fit t at all
// is left for json.Unmarshal to refuse.
func checkNames(text []byte, t reflect.Type, path string) error {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if p := reflect.PointerTo(t); p.Implements(unmarshaler) || p.Implements(textUnmarshaler) {
		return nil
	}
	switch t.Kind() {
	case reflect.Slice:
		var elements []json.RawMessage
		if json.Unmarshal(text, &elements) != nil {
			return nil
		}
		for i, element := range elements {
			if err := checkNames(element, t.Elem(), fmt.Sprintf("%s[%d]", path, i)); err != nil {
				return err
			}
		}
	case reflect.Struct:
		return checkMembers(text, t, path)
	}
	return nil
}

func checkMembers(text []byte, t reflect.Type, path string) error {
	var members map[string]json.RawMessage
	if json.Unmarshal(text, &members) != nil {
		return nil
	}
	if path != "" {
		path += "."
	}
	var names []string
	types := make(map[string]reflect.Type)
	for i := range t.NumField() {
		field := t.Field(i)
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		names = append(names, name)
		types[name] = field.Type
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		known := types[name]
		if known == nil {
			return fmt.Errorf("%s%s is unknown%s", path, name, advice(name, names))
		}
		if err := checkNames(members[name], known, path+name); err != nil {
			return err
		}
	}
	return nil
}

// advice names the one that was meant, or all there are.
func advice(wrong string, names []string) string {
	for _, name := range names {
		if strings.EqualFold(name, strings.ReplaceAll(strings.ReplaceAll(wrong, "_", ""), "-", "")) {
			return ": write " + name
		}
	}
	return ": there is " + strings.Join(names, ", ")
}

// kindOf is the JSON that a Go type is written as.
func kindOf(t reflect.Type) string {
	switch t.Kind() {
	case reflect.String:
		return "text"
	case reflect.Bool:
		return "true or false"
	case reflect.Slice:
		return "a list"
	case reflect.Struct, reflect.Map:
		return "an object"
	case reflect.Float64, reflect.Float32:
		return "a number"
	}
	return "a whole number"
}
