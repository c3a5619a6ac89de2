package peers

import (
	"errors"
	"strconv"
)

// New makes all peers, with live good tokens each, which takes seconds where
// they are many: RSA signs slowly. The first is the floor.
func New(live int) (all []*Peer, stop func(), err error) {
	users := make([]string, live)
	for i := range users {
		users[i] = strconv.Itoa(i + 1)
	}
	all = append(all, floor(users, opaqueTokens(users, 43)))
	for _, length := range []int{43, 400} {
		tokens := opaqueTokens(users, length)
		all = append(all, bearer(users, tokens, length), authnMap(users, tokens, length))
	}
	uncached, stop := remote(users)
	all = append(all, uncached)
	signed, err := signedPeers(users)
	all = append(all, signed...)
	for _, length := range []int{43, 400} {
		sessions, failed := scsSessions(users, opaqueTokens(users, length), length)
		all, err = append(all, sessions), errors.Join(err, failed)
	}
	if err != nil {
		stop()
		return nil, nil, err
	}
	return all, stop, nil
}
