package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"sync"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"camform/cmd/camform/view"
	"camform/engine/diag"
	"camform/engine/render"
)

// app is the program with the world it runs in.
type app struct {
	in       io.Reader
	out, err io.Writer
	env      func(string) (string, bool)

	dir     string // where the configuration is, until enter makes it the working directory
	noColor bool
	said    []saying          // texts from the command line that camform stores
	folder  string            // what -chdir said
	comment *render.Comment   // of a command that prints Markdown for a comment; nil for any other
	page    *render.Page      // of a command that writes a page, too; nil for any other
	called  render.Wording    // what the name of the program asks for, and then the configuration
	unheard string            // a variable of the environment with options that were not read, since the program has its own name; empty for none
	stream  *render.Stream    // of a command that tells programs what happens; nil for any other
	claims  map[string]string // the files that the run writes at its end or from its beginning, and the options that name them
}

func (a *app) execute(args []string) error {
	root := a.root()
	args, err := withArgsFromEnv(a, root, doubleDashes(args))
	if err != nil {
		return err
	}
	root.SetArgs(args)
	root.SetIn(a.in)
	root.SetOut(a.out)
	root.SetErr(a.err)
	quotesInBash(root)
	if err = root.ExecuteContext(context.Background()); err != nil {
		outdate(a, root, args, err)
	}
	return err
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "camform",
		Short: "Keep network cameras and recorders in line with the configuration in a repository",
		Long: `camform keeps network cameras and recorders in line with the configuration in a repository.

Describe the settings that you want in *.cam.hcl files, see what differs with "camform plan", change it with
"camform apply", and watch for out-of-band changes with "camform drift".

"camform help" also lists topics: what a configuration can hold, and what commands have in common.
Long options take one dash or two: -out=FILE, --out FILE.`,
		Version:       version(),
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          onlyCommands,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		PersistentPreRunE: func(cmd *cobra.Command, args []string) error {
			a.said = saidIn(cmd, args)
			return a.enter()
		},
	}
	root.PersistentFlags().StringVar(&a.dir, "chdir", ".", "use the configuration in this `DIR`ectory")
	root.PersistentFlags().BoolVar(&a.noColor, "no-color", false, "print without colours; NO_COLOR in the environment does the same")
	root.SetVersionTemplate("camform v{{.Version}}\n")
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return flagError(cmd, err) })
	root.AddCommand(
		initCommand(a), discoverCommand(a), importCommand(a), learnCommand(a), validateCommand(a), fmtCommand(a),
		planCommand(a), approveCommand(a), applyCommand(a), rollbackCommand(a), driftCommand(a), auditCommand(a), advisoriesCommand(a),
		rotateCommand(a), loginCommand(a), credentialsCommand(a), vaultCommand(a), certificateCommand(a),
		showCommand(a), explainCommand(a), stateCommand(a), auditLogCommand(a), settingsCommand(a), backupCommand(a), recoverCommand(a), inventoryCommand(a), lockCommand(a), snapshotCommand(a), operatorCommand(a),
		simulateCommand(a), versionCommand(a), outputCommand(a),
	)
	root.AddCommand(forceUnlockCommand(a), workspaceCommand(a))
	root.SetHelpCommand(helpCommand(a))
	root.InitDefaultHelpCmd()
	addForeign(root)
	addCompletions(a, root)
	return root
}

// enter makes the directory of -chdir the one that the program runs in, so that every name in a message is relative to it.
func (a *app) enter() error {
	if err := os.Chdir(a.dir); err != nil {
		return fmt.Errorf("-chdir: %w", err)
	}
	a.folder, a.dir = a.dir, "."
	return nil
}

var singleDash = regexp.MustCompile(`^-[a-zA-Z][a-zA-Z0-9-]+(=.*)?$`)

// doubleDashes lets long options be written with one dash, as Terraform's users are used to. Options with one letter, such
// as -h, stay as they are, and so does everything behind "--".
func doubleDashes(args []string) []string {
	fixed := make([]string, len(args))
	for i, arg := range args {
		if arg == "--" {
			copy(fixed[i:], args[i:])
			break
		}
		if singleDash.MatchString(arg) {
			arg = "-" + arg
		}
		fixed[i] = arg
	}
	return fixed
}

// terminal reports whether a stream is a terminal, and its width.
func terminal(stream any) (width int, ok bool) {
	file, isFile := stream.(*os.File)
	if m, isMessages := stream.(*messages); isMessages {
		file, isFile = m.file, true
	}
	if !isFile || !term.IsTerminal(int(file.Fd())) {
		return 0, false
	}
	width, _, err := term.GetSize(int(file.Fd()))
	return width, err == nil
}

// style says how to print to a stream.
func (a *app) style(stream io.Writer) render.Options {
	width, isTerminal := terminal(stream)
	o := render.Options{Width: width}
	noColor, set := a.env("NO_COLOR")
	dumb, _ := a.env("TERM")
	if isTerminal && !a.noColor && (!set || noColor == "") && dumb != "dumb" {
		o.Colour = render.AlwaysColour
	}
	return o
}

// stdout and stderr are the standard output and the standard error, as text looks there.
func (a *app) stdout() view.Output {
	return view.Output{Writer: a.out, Options: a.style(a.out), Comment: a.comment, Stream: a.stream}
}
func (a *app) stderr() view.Output { return view.Output{Writer: a.err, Options: a.style(a.err)} }

// report prints problems, and returns an error that ends the program if any of them is one.
func (a *app) report(problems diag.Problems, sources map[string][]byte) error {
	if len(problems) > 0 {
		if a.comment != nil {
			a.comment.AddProblems(problems, sources)
		}
		if a.page != nil {
			a.page.AddProblems(problems, sources)
		}
		if a.stream != nil {
			a.stream.Problems(problems, sources)
		}
		if err := render.Problems(a.err, problems, sources, a.style(a.err)); err != nil {
			return err
		}
	}
	if problems.HasErrors() {
		return errReported
	}
	return nil
}

// interruptible returns two contexts: stop is done at the first interrupt, ctx at the second.
func (a *app) interruptible(parent context.Context) (ctx, stop context.Context, release func()) {
	ctx, cancel := context.WithCancelCause(parent)
	stop, cancelStop := context.WithCancel(ctx)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, interruptSignals...)
	done := make(chan struct{})
	go func() {
		for {
			select {
			case <-done:
				return
			case <-signals:
				if stop.Err() == nil {
					cancelStop()
					continue
				}
				cancel(errors.New("interrupted twice"))
			}
		}
	}()
	var once sync.Once
	return ctx, stop, func() {
		once.Do(func() {
			signal.Stop(signals)
			close(done)
			cancelStop()
			cancel(nil)
		})
	}
}
