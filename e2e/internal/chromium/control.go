package chromium

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// Control makes a call of the control API of the emulator at an origin, as a
// program does, and gives the answer.
func Control(t *testing.T, origin, call string, body any) map[string]any {
	t.Helper()
	encoded, err := json.Marshal(body)
	require.NoError(t, err)
	response, err := http.Post(origin+"/_emulator/"+call, "application/json", bytes.NewReader(encoded))
	require.NoError(t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, response.StatusCode, "%s: %s", call, text)
	var answer map[string]any
	require.NoError(t, json.Unmarshal(text, &answer))
	return answer
}
