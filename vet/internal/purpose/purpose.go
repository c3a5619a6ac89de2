// Package purpose guesses what code is for from its words: the names of
// functions, the paths of routes, the conditions it stands under.
package purpose

import (
	"slices"
	"strings"
	"unicode"
)

// Words splits a name or a path into its words, in lower case: signOutURL and
// /sign-out/url are sign, out, url.
func Words(text string) []string {
	var words []string
	var word []rune
	end := func() {
		if len(word) > 0 {
			words = append(words, strings.ToLower(string(word)))
			word = word[:0]
		}
	}
	runes := []rune(text)
	for i, r := range runes {
		switch {
		case !unicode.IsLetter(r) && !unicode.IsDigit(r):
			end()
			continue
		case unicode.IsUpper(r) && i > 0 && (!unicode.IsUpper(runes[i-1]) || i+1 < len(runes) && unicode.IsLower(runes[i+1])):
			end()
		}
		word = append(word, r)
	}
	end()
	return words
}

// SignsOut reports whether a name or a path says sign-out.
func SignsOut(text string) bool {
	words := Words(text)
	for i, word := range words {
		switch word {
		case "logout", "signout", "logoff", "signoff":
			return true
		case "log", "sign", "logs", "signs":
			if i+1 < len(words) && (words[i+1] == "out" || words[i+1] == "off") {
				return true
			}
		}
	}
	return false
}

// deletions are the words of handlers by which people have their data deleted.
var deletions = []string{
	"delete", "deletes", "deletion", "deleted", "erase", "erases", "erasure", "remove", "removes", "removal", "destroy",
	"wipe", "wipes", "purge", "purges", "forget", "gdpr", "close", "closes", "cancel", "deactivate", "unregister",
	"everything",
}

// credentials are what a sign-out may well delete.
var credentials = []string{"session", "sessions", "token", "tokens", "cookie", "cookies", "login", "credentials", "cache"}

// Deletes reports whether a name, a path or a condition says that data is to go
// for good, and not just a session, a token or a cookie.
func Deletes(text string) bool {
	words := Words(text)
	among := func(list []string) bool {
		return slices.ContainsFunc(words, func(word string) bool { return slices.Contains(list, word) })
	}
	return among(deletions) && !among(credentials)
}

// SignsIn reports whether a name or a path says sign-in.
func SignsIn(text string) bool {
	words := Words(text)
	for i, word := range words {
		switch word {
		case "login", "signin", "logon":
			return true
		case "log", "sign":
			if i+1 < len(words) && (words[i+1] == "in" || words[i+1] == "on") {
				return true
			}
		}
	}
	return false
}

// Credential reports whether a name speaks of a session, a token or the like,
// rather than of somebody's data.
func Credential(text string) bool {
	return slices.ContainsFunc(Words(text), func(word string) bool { return slices.Contains(credentials, word) })
}
