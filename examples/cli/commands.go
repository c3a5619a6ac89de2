package main

import (
	"context"
	"errors"
	"strings"

	"github.com/spf13/cobra"
)

const (
	groupFree   = "free"
	groupSigned = "signed"
)

// shellCommands are the commands as a shell calls them.
func (p *program) shellCommands() *cobra.Command {
	root := &cobra.Command{
		Use:   name,
		Short: "Read and write your secureFlows data",
		Long: `secureflows-cli reads and writes one person's secureFlows data.

It signs you in through the browser and keeps the token in memory, so that all
happens within one login: at its prompt, by -c, or line by line from standard
input. Values go in and come out as JSON. Standard output holds JSON and nothing
else: one value a line, indented on a terminal.

` + exitCodeHelp,
		Example: `  secureflows-cli login                        a prompt; type help there
  secureflows-cli login -c 'set theme "dark"' -c 'get theme'
  secureflows-cli login -c list | jq keys
  secureflows-cli login < commands.txt
  secureflows-cli docs search renew a session`,
	}
	root.AddGroup(
		&cobra.Group{ID: groupFree, Title: "Commands:"},
		&cobra.Group{ID: groupSigned, Title: "Commands within login, at its prompt or by -c:"},
	)
	root.AddCommand(p.loginCommand())
	root.AddCommand(p.dataCommands()...)
	root.SetHelpCommandGroupID(groupFree)
	root.SetCompletionCommandGroupID(groupFree)
	root.SetOut(p.console.out)
	return root
}

// promptCommands are the commands at the prompt, by -c and from standard input.
func (p *program) promptCommands() *cobra.Command {
	root := &cobra.Command{
		Annotations: map[string]string{cobra.CommandDisplayNameAnnotation: ""},
		Use:         name,
		Long: `One command a line. A key with spaces is written as a JSON text: get "my key".
The value of set is the rest of the line, as it stands: set theme "dark".
Tab completes, the arrow keys bring back earlier lines, Ctrl-C stops a command.`,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
	}
	root.AddGroup(
		&cobra.Group{ID: groupSigned, Title: "Your data:"},
		&cobra.Group{ID: groupFree, Title: "Also:"},
	)
	root.AddCommand(p.dataCommands()...)
	root.AddCommand(&cobra.Command{
		Use: "exit", Short: "Leave, and forget the token (also Ctrl-D)", GroupID: groupFree,
		Args: cobra.NoArgs, RunE: p.action(func(context.Context, []string) error { return errExit }),
	})
	if p.mock != nil {
		root.AddCommand(&cobra.Command{
			Use: "expire", Short: "Let the sign-in expire now (bundled mock only)", GroupID: groupFree,
			Args: cobra.NoArgs, RunE: p.signed(func(context.Context, []string) error {
				p.mock.expire(p.session)
				return nil
			}),
		})
	}
	root.SetHelpCommandGroupID(groupFree)
	root.SetUsageTemplate("{{if .HasParent}}" + root.UsageTemplate() + "{{else}}" + promptUsage + "{{end}}")
	root.SetOut(p.console.notice) // help is no JSON
	return root
}

// promptUsage is the list of commands; cobra's own begins with a program's name.
const promptUsage = `{{$all := .Commands}}{{range $group := .Groups}}{{.Title}}{{range $all}}{{if eq .GroupID $group.ID}}
  {{rpad .Name .NamePadding}} {{.Short}}{{end}}{{end}}

{{end}}help COMMAND says more.
`

// errExit is the person's wish to leave.
var errExit = errors.New("exit")

// dataCommands are what both have.
func (p *program) dataCommands() []*cobra.Command {
	commands := []*cobra.Command{
		{Use: "whoami", Short: "Print who is signed in", Args: cobra.NoArgs, RunE: p.signed(p.whoami),
			Example: `  whoami                {"userId":42,"email":"ada@example.com"}`},
		{Use: "get KEY", Short: "Print the value stored under KEY", Args: words("KEY"), RunE: p.signed(p.get),
			ValidArgsFunction: p.completeKey,
			Example:           "  get theme             \"dark\"\n  get \"my key\"          a key with a space"},
		{Use: "set KEY JSON", Short: "Store a JSON value under KEY, in place of the old one", Args: words("KEY", "JSON"), RunE: p.signed(p.set),
			ValidArgsFunction: p.completeKey,
			Example:           "  set theme \"dark\"\n  set window {\"width\": 80, \"height\": 24}\n  set visits 3"},
		{Use: "delete KEY", Short: "Delete KEY; prints whether there was one", Args: words("KEY"), RunE: p.signed(p.delete),
			ValidArgsFunction: p.completeKey,
			Example:           "  delete theme          true, or false when nothing was stored"},
		{Use: "list [PREFIX]", Short: "Print all that is stored, or the keys with a prefix", Args: cobra.MaximumNArgs(1), RunE: p.signed(p.list),
			ValidArgsFunction: p.completeKey,
			Example:           "  list                  {\"note:1\":\"milk\",\"theme\":\"dark\"}\n  list note:"},
		{Use: "logout", Short: "Sign out, in the browser too; the data stays", Args: cobra.NoArgs, RunE: p.signed(p.logout),
			Long: `Sign out: the hosted sign-in in the browser ends too, and so does every other
sign-in of this session. The data stays. Where no browser opens, this program
alone is signed out. To leave without ending anything else, use exit.`},
	}
	for _, command := range commands {
		command.GroupID = groupSigned
		command.DisableFlagsInUseLine = true
		command.Flags().SetInterspersed(false) // set n -5: a value, no flag
	}
	return append(commands, p.docsCommand())
}

func (p *program) loginCommand() *cobra.Command {
	var lines []string
	command := &cobra.Command{
		Use: "login", Short: "Sign in with the browser, then take commands", GroupID: groupFree,
		Long: `Sign in with the browser, then take commands at a prompt. With -c, or when
standard input is no terminal, the commands come from there, one a line, and the
first that fails ends the run with its exit code; # begins a comment line.

The token is kept in memory: no file, no variable of the environment and no
argument ever holds it, and it is forgotten at the end.`,
		Example: `  secureflows-cli login
  secureflows-cli login -c whoami
  secureflows-cli login -c 'set theme "dark"' -c 'get theme'
  printf 'get theme\nlogout\n' | secureflows-cli login`,
		Args: cobra.NoArgs,
	}
	command.Flags().StringArrayVarP(&lines, "command", "c", nil, "run this `line` instead of a prompt; may be repeated")
	command.RunE = p.action(func(ctx context.Context, _ []string) error { return p.login(ctx, lines) })
	return command
}

func (p *program) docsCommand() *cobra.Command {
	docs := &cobra.Command{
		Use: "docs", Short: "Search the service's documentation", GroupID: groupFree, Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error { return command.Help() },
	}
	limit := 0
	search := &cobra.Command{
		Use: "search QUERY", Short: "Print what the documentation says about QUERY; needs no sign-in",
		Args: func(_ *cobra.Command, args []string) error {
			if strings.TrimSpace(strings.Join(args, " ")) == "" {
				return mistake("QUERY is missing, as in: docs search renew a session")
			}
			return nil
		},
		Example: "  docs search renew a session\n  docs search --limit 3 grace lock",
	}
	search.Flags().IntVar(&limit, "limit", 0, "at most this `number` of hits, 1 to 20; 0 is the service's 8")
	search.RunE = p.action(func(ctx context.Context, args []string) error {
		return p.searchDocs(ctx, strings.Join(args, " "), limit)
	})
	docs.AddCommand(search)
	return docs
}

// words wants each of the named arguments, and no more.
func words(names ...string) cobra.PositionalArgs {
	return func(command *cobra.Command, args []string) error {
		if len(args) < len(names) {
			return mistake("%s is missing: %s", names[len(args)], command.Use)
		}
		if len(args) > len(names) {
			return mistake("too many words, beginning with %.20q: %s; put quotes around a key or value with spaces", args[len(names)], command.Use)
		}
		return nil
	}
}
