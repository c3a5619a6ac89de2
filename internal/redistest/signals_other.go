//go:build !unix

package redistest

import "os"

// Elsewhere there are no such signals: sending them fails, and with it the test.
var halt, proceed os.Signal = noSignal{}, noSignal{}

type noSignal struct{}

func (noSignal) Signal()        {}
func (noSignal) String() string { return "a pause needs Unix" }
