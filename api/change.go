package main

import (
	"regexp"
	"slices"
	"strings"
)

// change is a feature that was added or taken away. One that was altered is
// both.
type change struct {
	feature string
	added   bool
	name    string // that the changelog must have, in backticks
}

func (c change) String() string {
	if c.added {
		return "+ " + c.feature
	}
	return "- " + c.feature
}

// diff compares two lists of features.
func diff(before, after []string) []change {
	var changes []change
	for _, feature := range before {
		if feature != "" && !slices.Contains(after, feature) {
			changes = append(changes, change{feature: feature, name: nameOf(feature)})
		}
	}
	for _, feature := range after {
		if !slices.Contains(before, feature) {
			changes = append(changes, change{feature: feature, added: true, name: nameOf(feature)})
		}
	}
	return changes
}

// named matches the beginnings of features: "func New(", "method (*Client)
// Resolve(", "field Config.Origin ".
var named = regexp.MustCompile(`^(?:method \(\*?(\w+)\) |field (\w+)\.|\w+ )(\w+)`)

// nameOf is the name that a feature is about: New, Client.Resolve.
func nameOf(feature string) string {
	parts := named.FindStringSubmatch(feature)
	if parts == nil {
		return feature
	}
	if owner := parts[1] + parts[2]; owner != "" {
		return owner + "." + parts[3]
	}
	return parts[3]
}

// unreleased gives the changelog's code, in backticks, of what has not come out.
func unreleased(changelog string) []string {
	_, section, found := strings.Cut(changelog, "\n## [Unreleased]\n")
	if !found {
		return nil
	}
	section, _, _ = strings.Cut(section, "\n## ")
	var code []string
	for _, match := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(section, -1) {
		code = append(code, match[1])
	}
	return code
}

// untold gives the changes that code does not name. What is told of a type that
// is new, or gone, covers what belongs to it.
func untold(changes []change, code []string) []change {
	types := make(map[string]bool)
	for _, c := range changes {
		if strings.HasPrefix(c.feature, "type ") && tells(code, c.name) {
			types[c.name] = true
		}
	}
	return slices.DeleteFunc(changes, func(c change) bool {
		owner, _, member := strings.Cut(c.name, ".")
		return tells(code, c.name) || member && types[owner]
	})
}

// tells reports whether one of the pieces of code has the name, a member's with
// its owner in front or, in a list that began with that, without.
func tells(code []string, name string) bool {
	_, member, found := strings.Cut(name, ".")
	whole := regexp.MustCompile(`(^|\W)` + regexp.QuoteMeta(name) + `($|\W)`)
	return slices.ContainsFunc(code, func(piece string) bool {
		return whole.MatchString(piece) || found && piece == member
	})
}
