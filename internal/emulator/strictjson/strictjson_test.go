package strictjson_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go/internal/emulator/strictjson"
)

type house struct {
	Name  string   `json:"name"`
	Rooms []room   `json:"rooms"`
	Since textTime `json:"since"`
}

type room struct {
	DoorCount int  `json:"doorCount"`
	Open      bool `json:"open"`
}

// textTime stands for every type that reads itself.
type textTime struct{ time.Time }

func TestDecode(t *testing.T) {
	var h house
	require.NoError(t, strictjson.Decode([]byte(`{"name":"x","rooms":[{"doorCount":2},{"open":true}],"since":"2026-01-02T03:04:05Z"} `), &h))
	require.Equal(t, []room{{DoorCount: 2}, {Open: true}}, h.Rooms)
	require.Equal(t, 2026, h.Since.Year())
}

func TestMistakesAreNamedWithTheirFix(t *testing.T) {
	for text, want := range map[string]string{
		"":                                     "it is empty: write a JSON object",
		"{":                                    "it breaks off: a bracket or quote is not closed",
		"{\n\"name\": x}":                      "line 2 is not JSON: invalid character 'x' looking for beginning of value",
		"{}\n{}":                               "line 2 has text after the JSON",
		`[]`:                                   "it is a JSON array: write an object",
		`{"nam":"x"}`:                          "nam is unknown: there is name, rooms, since",
		`{"Name":"x"}`:                         "Name is unknown: write name",
		`{"rooms":[{},{"door_count":1}]}`:      "rooms[1].door_count is unknown: write doorCount",
		`{"rooms":[{"windows":1}]}`:            "rooms[0].windows is unknown: there is doorCount, open",
		`{"rooms":{}}`:                         "rooms is a JSON object: write a list",
		`{"name":1}`:                           "name is a JSON number: write text",
		`{"rooms":[{"doorCount":1.5}]}`:        "rooms.doorCount is a JSON number 1.5: write a whole number",
		`{"rooms":[{"doorCount":1,"open":0}]}`: "rooms.open is a JSON number: write true or false",
	} {
		var h house
		require.EqualError(t, strictjson.Decode([]byte(text), &h), want, text)
	}
}
