package secureflows

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"
	"strings"
)

// Get reads the value of key as a T. A key that was never written is
// [ErrKeyNotFound]; most programs want [GetOr] or a [Key]. A stored value that
// is no T is an error without a sentinel, with the *json.UnmarshalTypeError
// below it. Numbers decoded into an any are [json.Number], so that none loses
// digits.
func Get[T any](ctx context.Context, session *Session, key string) (T, error) {
	raw, err := session.Get(ctx, key)
	if err != nil {
		var none T
		return none, err
	}
	return decode[T](opGet.name, key, raw)
}

// GetOr is [Get] with a default, which it gives for a key that was never
// written, and for nothing else: an outage is not an empty value.
func GetOr[T any](ctx context.Context, session *Session, key string, defaultValue T) (T, error) {
	value, err := Get[T](ctx, session, key)
	if errors.Is(err, ErrKeyNotFound) {
		return defaultValue, nil
	}
	return value, err
}

// Key is one typed value of a payload. Declare the keys of an application once,
// as variables:
//
//	var Theme = secureflows.Key[string]{Name: "theme", Default: "light"}
type Key[T any] struct {
	// Name is the key in the payload. Required.
	Name string
	// Default is what Get gives while the key was never written.
	Default T
}

// Get reads the value, or gives k.Default; see [GetOr].
func (k Key[T]) Get(ctx context.Context, session *Session) (T, error) {
	return GetOr(ctx, session, k.Name, k.Default)
}

// Set stores the value and gives the whole payload as it is then; see
// [Session.Set].
func (k Key[T]) Set(ctx context.Context, session *Session, value T) (Payload, error) {
	return session.Set(ctx, k.Name, value)
}

// Delete removes the value, so that Get gives the default again, and reports
// whether there was one; see [Session.Delete].
func (k Key[T]) Delete(ctx context.Context, session *Session) (existed bool, err error) {
	return session.Delete(ctx, k.Name)
}

// Collection is a set of records of one type, each under a key of its own with
// a common prefix, so that writing one does not touch the others:
//
//	var Notes = secureflows.Collection[Note]{Prefix: "note:"}
//
// An id is any text a key may be; the record's key is the prefix and the id.
type Collection[T any] struct {
	// Prefix begins the key of every record. Required, and best ended by a
	// character no other key has there: "note:".
	Prefix string
}

// All reads every record, sorted by id, with one request however many there
// are. It fails as a whole when one of them is no T.
func (c Collection[T]) All(ctx context.Context, session *Session) (iter.Seq2[string, T], error) {
	if err := c.check(&opPayload); err != nil {
		return nil, err
	}
	payload, err := session.Payload(ctx)
	if err != nil {
		return nil, err
	}
	records := make(map[string]T)
	for key, raw := range payload {
		id, ok := strings.CutPrefix(key, c.Prefix)
		if !ok || checkKey(&opPayload, "id", id) != nil {
			continue
		}
		if records[id], err = decode[T](opPayload.name, key, raw); err != nil {
			return nil, err
		}
	}
	return func(yield func(string, T) bool) {
		for _, id := range slices.Sorted(maps.Keys(records)) {
			if !yield(id, records[id]) {
				return
			}
		}
	}, nil
}

// Get reads one record; [ErrKeyNotFound] says that there is none with this id.
func (c Collection[T]) Get(ctx context.Context, session *Session, id string) (T, error) {
	key, err := c.key(&opGet, id)
	if err != nil {
		var none T
		return none, err
	}
	return Get[T](ctx, session, key)
}

// Put stores a record, in place of the one that had this id, and gives the
// whole payload as it is then.
func (c Collection[T]) Put(ctx context.Context, session *Session, id string, record T) (Payload, error) {
	key, err := c.key(&opSet, id)
	if err != nil {
		return nil, err
	}
	return session.Set(ctx, key, record)
}

// Delete removes a record and reports whether there was one.
func (c Collection[T]) Delete(ctx context.Context, session *Session, id string) (existed bool, err error) {
	key, err := c.key(&opDelete, id)
	if err != nil {
		return false, err
	}
	return session.Delete(ctx, key)
}

func (c Collection[T]) key(op *operation, id string) (string, error) {
	if err := c.check(op); err != nil {
		return "", err
	}
	if err := checkKey(op, "id", id); err != nil {
		return "", err
	}
	return c.Prefix + id, nil
}

// check refuses the empty prefix, by which every key of the payload would be a
// record.
func (c Collection[T]) check(op *operation) error {
	if c.Prefix == "" {
		return invalid(op.name, "Collection.Prefix is empty: name one, such as %q", "note:")
	}
	return nil
}

// decode gives the T in raw.
func decode[T any](op, key string, raw json.RawMessage) (T, error) {
	var value T
	if err := decodeInto(&value, op, key, raw); err != nil {
		var none T
		return none, err
	}
	return value, nil
}

// decodeInto reads raw, exactly one JSON value, into what v points to. The
// error does not quote the value.
func decodeInto(v any, op, key string, raw json.RawMessage) error {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	err := decoder.Decode(v)
	if err == nil {
		if _, err = decoder.Token(); err == io.EOF {
			return nil
		}
		err = errors.New("more than one JSON value")
	}
	var misuse *json.InvalidUnmarshalError
	if errors.As(err, &misuse) {
		return invalid(op, "the value stored under %q cannot be read into a %T: pass a pointer that is not nil", key, v)
	}
	e := &Error{Op: op, Message: fmt.Sprintf("the value stored under %q is no %s", key, typeBehind(v)), silent: err}
	var mismatch *json.UnmarshalTypeError
	if errors.As(err, &mismatch) {
		// Value quotes a number in full: "number 300".
		kind, _, _ := strings.Cut(mismatch.Value, " ")
		e.Message += fmt.Sprintf(": a JSON %s does not fit %s", kind, mismatch.Type)
		if mismatch.Field != "" {
			e.Message += " at " + mismatch.Field
		}
	}
	return e
}

func typeBehind(pointer any) string {
	return strings.TrimPrefix(fmt.Sprintf("%T", pointer), "*")
}
