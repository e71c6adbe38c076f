// Mutate takes one rule at a time out of the code, and reports whether the rule's tests notice.
//
//	go run ./.ci/mutate [-run PATTERN] [-sample N] [-p N] [-timeout DURATION]
//
// Run it in the root of the repository. It leaves the tree alone: the go command sees changed files through -overlay. Each mutant
// is built before its tests run, so that one that does not compile does not pass for one that was noticed. Before that, the same
// tests must pass without a mutant.
package main

import (
	"context"
	"crypto/sha256"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"golang.org/x/sync/errgroup"

	"camform/.ci/mutate/mutant"
)

func main() {
	if err := run(os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintf(os.Stderr, "mutate: %v\n", err)
		os.Exit(1)
	}
}

func run(args []string, out, progress io.Writer) error {
	flags := flag.NewFlagSet("mutate", flag.ContinueOnError)
	pattern := flags.String("run", "", "only mutants whose name matches this regular expression")
	size := flags.Int("sample", 0, "only so many of them, chosen by the hash of the commit; 0 for all")
	parallel := flags.Int("p", runtime.NumCPU(), "how many mutants are tried at a time")
	timeout := flags.Duration("timeout", 2*time.Minute, "how long the tests of one mutant may take; one that takes longer was noticed")
	if err := flags.Parse(args); err != nil {
		return err
	}
	names, err := regexp.Compile(*pattern)
	if err != nil {
		return fmt.Errorf("-run: %w", err)
	}
	all, err := mutant.Load("testdata/mutants")
	if err != nil {
		return err
	}
	all = slices.DeleteFunc(all, func(m mutant.Mutant) bool { return !names.MatchString(m.Name) })
	if len(all) == 0 {
		return fmt.Errorf("no mutant matches %q", *pattern)
	}
	if *size > 0 {
		commit, err := head()
		if err != nil {
			return err
		}
		fmt.Fprintf(progress, "%d mutants for commit %s\n", min(*size, len(all)), commit)
		all = sample(all, commit, *size)
	}
	scratch, err := os.MkdirTemp("", "mutate-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(scratch) }()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	l := &lab{root: ".", scratch: scratch, timeout: *timeout, progress: progress}
	if err := l.healthy(ctx, all, *parallel); err != nil {
		return err
	}
	return print(out, l.all(ctx, all, *parallel))
}

// head is the hash of the commit that is checked out.
func head() (string, error) {
	out, err := exec.Command("git", "rev-parse", "HEAD").Output()
	if err != nil {
		return "", fmt.Errorf("which commit is this? git rev-parse HEAD: %w", err)
	}
	return strings.TrimSpace(string(out)), nil
}

// sample chooses n of the mutants, or all if there are no more: the same for the same commit, and others for others. They
// are in the order of all.
func sample(all []mutant.Mutant, commit string, n int) []mutant.Mutant {
	rank := func(m mutant.Mutant) string {
		sum := sha256.Sum256([]byte(commit + "\x00" + m.Name))
		return string(sum[:])
	}
	byRank := slices.SortedFunc(slices.Values(all), func(a, b mutant.Mutant) int { return strings.Compare(rank(a), rank(b)) })
	chosen := map[string]bool{}
	for _, m := range byRank[:min(n, len(byRank))] {
		chosen[m.Name] = true
	}
	return slices.DeleteFunc(slices.Clone(all), func(m mutant.Mutant) bool { return !chosen[m.Name] })
}

// healthy proves that the tests of all mutants pass without them. Each package is built once.
func (l *lab) healthy(ctx context.Context, all []mutant.Mutant, parallel int) error {
	tests := map[string][]mutant.Test{}
	for _, m := range all {
		for _, test := range m.Tests {
			if !slices.Contains(tests[test.Package], test) {
				tests[test.Package] = append(tests[test.Package], test)
			}
		}
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallel)
	for pkg, of := range tests {
		group.Go(func() error { return l.pass(ctx, pkg, of) })
	}
	return group.Wait()
}

// all tries mutants, and returns the finding of each, in the same order.
func (l *lab) all(ctx context.Context, all []mutant.Mutant, parallel int) []finding {
	findings := make([]finding, len(all))
	var group errgroup.Group
	group.SetLimit(parallel)
	for i, m := range all {
		group.Go(func() error {
			findings[i] = l.try(ctx, m)
			l.tell("%s: %s", m.Name, findings[i].verdict)
			return nil
		})
	}
	_ = group.Wait() // what went wrong is in the findings
	return findings
}

// print writes the table of findings. The error says that there is something to do.
func print(out io.Writer, findings []finding) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	noticed := 0
	for _, f := range findings {
		fmt.Fprintf(table, "%s\t%s\t%s\n", f.mutant.Name, f.verdict, f.mutant.Rule)
		if f.verdict == killed {
			noticed++
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for _, f := range findings {
		if f.detail != "" {
			fmt.Fprintf(out, "\n%s: %s:\n%s\n", f.mutant.Name, f.verdict, f.detail)
		}
	}
	fmt.Fprintf(out, "killed %d of %d\n", noticed, len(findings))
	if noticed < len(findings) {
		return fmt.Errorf("%d mutants were not killed", len(findings)-noticed)
	}
	return nil
}
