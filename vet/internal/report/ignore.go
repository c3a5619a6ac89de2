package report

import (
	"go/ast"
	"go/token"
	"strings"

	"golang.org/x/tools/go/analysis"

	"github.com/secureflows/secureflows-go/vet/internal/sdk"
)

// prefix begins a comment that ignores a finding:
//
//	//secureflows:ignore RULE reason
//
// on the line of the finding, or alone on the line above.
const prefix = "//secureflows:ignore"

// IgnoreID is the rule that looks at the comments that ignore others.
const IgnoreID = "ignore"

// A directive is one such comment.
type directive struct {
	pos    token.Pos
	file   string
	line   int
	rule   string
	reason string
	used   bool
}

// directivesOf finds the directives of a package. Those of generated files
// ignore nothing, as nothing is reported there.
func directivesOf(pass *analysis.Pass) []*directive {
	var found []*directive
	for _, file := range pass.Files {
		if ast.IsGenerated(file) {
			continue
		}
		for _, group := range file.Comments {
			for _, comment := range group.List {
				if d, ok := parse(comment.Text); ok {
					position := pass.Fset.Position(comment.Pos())
					d.pos, d.file, d.line = comment.Pos(), position.Filename, position.Line
					found = append(found, &d)
				}
			}
		}
	}
	return found
}

func parse(comment string) (directive, bool) {
	rest, ok := strings.CutPrefix(comment, prefix)
	if !ok || rest != "" && rest[0] != ' ' && rest[0] != '\t' {
		return directive{}, false
	}
	// A comment within the comment is no reason; tests use it for what they want.
	rest, _, _ = strings.Cut(rest, "//")
	rule, reason, _ := strings.Cut(strings.TrimSpace(rest), " ")
	return directive{rule: rule, reason: strings.TrimSpace(reason)}, true
}

// ignored reports whether a directive with a reason covers pos. One without is
// reported by its own rule, and ignores nothing.
func (p *Pass) ignored(pos token.Pos) bool {
	at := p.Fset.Position(pos)
	for _, d := range p.directives {
		if d.rule == p.rule.ID && d.reason != "" && d.file == at.Filename && (d.line == at.Line || d.line == at.Line-1) {
			d.used = true
			return true
		}
	}
	return false
}

// unused reports the directives for this rule that had nothing to ignore: what
// they excused is gone, and they would hide what comes next.
func (p *Pass) unused() {
	for _, d := range p.directives {
		if d.rule == p.rule.ID && d.reason != "" && !d.used && !p.Skipped(d.pos) {
			p.Pass.Report(analysis.Diagnostic{
				Pos: d.pos, Category: p.rule.ID, URL: URL(p.rule.ID),
				Message: "nothing to ignore here: " + p.rule.ID + " finds nothing on this line or the next",
			})
		}
	}
}

// Ignores makes the analyzer that reports directives without a reason, or for a
// rule that is none of those known.
func Ignores(known []string) *analysis.Analyzer {
	ids := map[string]bool{}
	for _, id := range known {
		ids[id] = true
	}
	return &analysis.Analyzer{
		Name: IgnoreID,
		Doc:  "reports comments that ignore a finding without a reason, or for a rule that is not known",
		URL:  URL(IgnoreID),
		Run: func(pass *analysis.Pass) (any, error) {
			if !sdk.Own(pass.Pkg.Path()) && !sdk.Imported(pass.Pkg) {
				return nil, nil
			}
			for _, d := range directivesOf(pass) {
				if message := d.mistake(ids); message != "" {
					pass.Report(analysis.Diagnostic{Pos: d.pos, Category: IgnoreID, URL: URL(IgnoreID), Message: message})
				}
			}
			return nil, nil
		},
	}
}

func (d *directive) mistake(known map[string]bool) string {
	switch {
	case d.rule == "":
		return "name the rule and the reason: " + prefix + " RULE reason"
	case !known[d.rule]:
		return "there is no rule " + d.rule
	case d.reason == "":
		return "say why: " + prefix + " " + d.rule + " reason"
	}
	return ""
}
