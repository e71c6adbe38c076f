package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// forge is what a service such as GitHub or GitLab remembers for the pipelines of examples/ci: comments and issues. It lies in a file,
// which scripts look into.
type forge struct {
	Comments []note       `json:"comments"` // on pull requests and on commits
	Issues   []forgeIssue `json:"issues"`
	Labels   []string     `json:"labels"`
	last     int
}

type note struct {
	ID     int    `json:"id"`
	On     string `json:"on"` // the number of a pull request, or a commit
	Author string `json:"author"`
	Body   string `json:"body"`
}

type forgeIssue struct {
	Number int      `json:"number"`
	Title  string   `json:"title"`
	Labels []string `json:"labels"`
	State  string   `json:"state"`
	Body   string   `json:"body"`
}

// forgeAt reads the forge in a file; an empty one if there is none yet.
func forgeAt(path string) (*forge, error) {
	f := &forge{}
	text, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(text, f)
	} else if os.IsNotExist(err) {
		err = nil
	}
	for _, c := range f.Comments {
		f.last = max(f.last, c.ID)
	}
	return f, err
}

func (f *forge) save(path string) error {
	text, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o600)
}

func (f *forge) comment(on, author, body string) note {
	f.last++
	f.Comments = append(f.Comments, note{f.last, on, author, body})
	return f.Comments[len(f.Comments)-1]
}

// edit changes a comment, which has to be there.
func (f *forge) edit(id, body string) (note, error) {
	i := slices.IndexFunc(f.Comments, func(c note) bool { return strconv.Itoa(c.ID) == id })
	if i < 0 {
		return note{}, fmt.Errorf("there is no comment %s", id)
	}
	f.Comments[i].Body = body
	return f.Comments[i], nil
}

func (f *forge) on(what string) []note {
	return slices.DeleteFunc(slices.Clone(f.Comments), func(c note) bool { return c.On != what })
}

func (f *forge) open(label string) []forgeIssue {
	return slices.DeleteFunc(slices.Clone(f.Issues), func(i forgeIssue) bool { return i.State != "open" || !slices.Contains(i.Labels, label) })
}

func (f *forge) issue(title, label, body string) forgeIssue {
	f.Issues = append(f.Issues, forgeIssue{len(f.Issues) + 1, title, []string{label}, "open", body})
	return f.Issues[len(f.Issues)-1]
}

func (f *forge) numbered(number string) (*forgeIssue, error) {
	n, err := strconv.Atoi(number)
	if err != nil || n < 1 || n > len(f.Issues) {
		return nil, fmt.Errorf("there is no issue %s", number)
	}
	return &f.Issues[n-1], nil
}

// fakeGH does with the forge in $FORGE what the program gh does with GitHub, in the ways in which the pipelines call it and in no
// other one. The pull request is the one that PULL says: "NUMBER OWNER:BRANCH COMMIT"; a second one has the same commit. What was merged
// was proposed by PROPOSER. Who writes is GitHub's robot.
func fakeGH() {
	if err := gh(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "gh:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

func gh(args []string) error {
	if os.Getenv("GH_TOKEN") == "" || os.Getenv("GH_REPO") == "" {
		return fmt.Errorf("GH_TOKEN and GH_REPO are not set")
	}
	f, err := forgeAt(os.Getenv("FORGE"))
	if err != nil {
		return err
	}
	words, options, err := ghOptions(args)
	if err != nil {
		return err
	}
	if err := mayWrite(words, options); err != nil {
		return err
	}
	answer, err := f.gh(words, options)
	if err != nil {
		return err
	}
	if err := f.save(os.Getenv("FORGE")); err != nil {
		return err
	}
	if options.has("silent") || answer == nil {
		return nil
	}
	return ghPrints(answer, options.Get("jq"))
}

type ghWords struct{ url.Values }

func (v ghWords) has(name string) bool { return v.Values.Has(name) }

// ghOptions splits a command line as gh does.
func ghOptions(args []string) (words []string, options ghWords, err error) {
	options = ghWords{url.Values{}}
	takes := map[string]string{
		"--jq": "jq", "-X": "method", "-f": "field", "-F": "field", "--label": "label", "--state": "state", "--limit": "limit", "--json": "json",
		"--title": "title", "--body-file": "body", "--comment": "comment",
	}
	for i := 0; i < len(args); i++ {
		name, ok := takes[args[i]]
		switch {
		case args[i] == "--paginate" || args[i] == "--silent" || args[i] == "--force":
			options.Set(strings.TrimPrefix(args[i], "--"), "true")
		case ok && i+1 < len(args):
			value := args[i+1]
			if key, file, isFile := strings.Cut(value, "=@"); isFile && args[i] == "-F" {
				text, err := os.ReadFile(file)
				if err != nil {
					return nil, options, err
				}
				value = key + "=" + string(text)
			}
			options.Add(name, value)
			i++
		case strings.HasPrefix(args[i], "-"):
			return nil, options, fmt.Errorf("this stand-in does not know %s", args[i])
		default:
			words = append(words, args[i])
		}
	}
	return words, options, nil
}

// mayWrite refuses what the token of a job may not do: its permissions are in PERMISSIONS.
func mayWrite(words []string, options ghWords) error {
	need := ""
	switch {
	case words[0] == "issue" && words[1] != "list", words[0] == "label":
		need = "issues: write"
	case words[0] == "api" && (options.Get("method") == "PATCH" || options.Get("method") == "POST"):
		need = "pull-requests: write"
	case words[0] == "api" && strings.Contains(words[1], "/actions/"):
		need = "actions: read"
	case words[0] == "api" && strings.HasSuffix(words[1], "/pulls") && strings.Contains(words[1], "/commits/"):
		need = "pull-requests: read"
	}
	if need != "" && !strings.Contains(os.Getenv("PERMISSIONS"), need) {
		return fmt.Errorf("HTTP 403: the job does not have %s", need)
	}
	return nil
}

func (f *forge) gh(words []string, options ghWords) (any, error) {
	field := func(name string) string {
		for _, text := range options.Values["field"] {
			if value, ok := strings.CutPrefix(text, name+"="); ok {
				return value
			}
		}
		return ""
	}
	body := ""
	if file := options.Get("body"); file != "" {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		body = string(text)
	}
	switch words[0] + " " + words[1] {
	case "issue list":
		found := []map[string]any{}
		for _, i := range f.open(options.Get("label")) {
			found = append(found, map[string]any{"number": i.Number})
		}
		return found, nil
	case "issue create":
		if !slices.Contains(f.Labels, options.Get("label")) {
			return nil, fmt.Errorf("could not add label: '%s' not found", options.Get("label"))
		}
		return f.issue(options.Get("title"), options.Get("label"), body), nil
	case "issue edit", "issue close":
		i, err := f.numbered(words[2])
		if err != nil {
			return nil, err
		}
		if words[1] == "close" {
			i.State = "closed"
		} else {
			i.Body = body
		}
		return nil, nil
	case "label create":
		f.Labels = append(f.Labels, words[2])
		return nil, nil
	}
	path, _, _ := strings.Cut(strings.TrimPrefix(words[1], "repos/"+os.Getenv("GH_REPO")+"/"), "?")
	method := options.Get("method")
	parts := strings.Split(path, "/")
	switch {
	case words[0] != "api" || len(words) != 2:
	case path == "pulls" && method == "GET":
		pull := strings.Fields(os.Getenv("PULL"))
		if field("head") != pull[1] || field("state") != "open" {
			return []any{}, nil
		}
		number, err := strconv.Atoi(pull[0])
		head := map[string]string{"sha": pull[2]}
		return []any{map[string]any{"number": number, "head": head}, map[string]any{"number": number + 1, "head": head}}, err
	case path == "actions/workflows/snapshot.yml/runs": // the first ones are of a fork whose branch is called main, too, and of a pull request
		run := func(id int, repository, event string) any {
			return map[string]any{"id": id, "event": event, "head_repository": map[string]string{"full_name": repository}}
		}
		return map[string]any{"workflow_runs": []any{
			run(79, "eve/site", "schedule"), run(78, "example/site", "pull_request"), run(snapshotRun, "example/site", "schedule"),
			run(76, "example/site", "schedule"),
		}}, nil
	case len(parts) == 3 && parts[0] == "commits" && parts[2] == "pulls" && method == "":
		if os.Getenv("PROPOSER") == "" {
			return []any{}, nil
		}
		return []any{
			map[string]any{"merged_at": nil, "user": map[string]string{"login": "eve"}},
			map[string]any{"merged_at": "2026-01-01T00:00:00Z", "user": map[string]string{"login": os.Getenv("PROPOSER")}},
		}, nil
	case len(parts) == 3 && parts[2] == "comments" && (parts[0] == "issues" || parts[0] == "commits") && method == "":
		found := []any{}
		for _, c := range f.on(parts[1]) {
			found = append(found, map[string]any{"id": c.ID, "body": c.Body, "user": map[string]string{"login": c.Author}})
		}
		return found, nil
	case len(parts) == 3 && parts[0] == "issues" && parts[2] == "comments" && method == "POST":
		return f.comment(parts[1], "github-actions[bot]", field("body")), nil
	case len(parts) == 3 && parts[0] == "issues" && parts[1] == "comments" && method == "PATCH":
		return f.edit(parts[2], field("body"))
	}
	return nil, fmt.Errorf("this stand-in does not know %q", words)
}

const snapshotRun = 77 // the latest run that took a snapshot of the repository

// ghPrints prints an answer, as jq says.
func ghPrints(answer any, program string) error {
	text, err := json.Marshal(answer)
	if err != nil || program == "" {
		fmt.Println(string(text))
		return err
	}
	jq := exec.Command("jq", "-r", program)
	jq.Stdin, jq.Stdout, jq.Stderr = strings.NewReader(string(text)), os.Stdout, os.Stderr
	return jq.Run()
}

// gitlab is the part of the service's interface that the pipelines use. Three merge requests are open: 6 is of a fork, whose jobs cannot be
// seen here, as little as those of 5, and 7 has a plan. What was merged was proposed by the account of proposer. Artifacts are files in a
// folder, by the name of their job; those of a branch are found in its latest pipeline only, whose job the file "latest" there names.
// Packages are in a store at another host, which refuses to be asked with a token of the service.
type gitlab struct {
	mutex     sync.Mutex
	path      string // of the file with the forge
	artifacts string
	token     string // that may write
	commit    string // of the merge requests
	store     string // the address of the store
	proposer  func() string
}

func (g *gitlab) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	f, err := forgeAt(g.path)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	path := strings.TrimPrefix(r.URL.Path, "/api/v4/")
	path = strings.TrimPrefix(path, "projects/5/")
	if artifact, ok := strings.CutPrefix(path, "jobs/artifacts/main/raw/"); ok && r.Header.Get("JOB-TOKEN") != "" {
		latest, _ := os.ReadFile(filepath.Join(g.artifacts, "latest"))
		if job := r.URL.Query().Get("job"); job == string(latest) {
			http.ServeFile(w, r, filepath.Join(g.artifacts, job, filepath.Base(artifact)))
		} else {
			http.Error(w, "404 Not Found", http.StatusNotFound)
		}
		return
	}
	if path == "packages/generic/camform-snapshot/latest/site.snapshot" && r.Header.Get("JOB-TOKEN") == "token-of-the-job" {
		g.pack(w, r)
		return
	}
	if r.Header.Get("Authorization") != "Bearer "+g.token {
		http.Error(w, "401 Unauthorized", http.StatusUnauthorized)
		return
	}
	if artifact, ok := strings.CutPrefix(path, "jobs/31/artifacts/"); ok {
		http.ServeFile(w, r, filepath.Join(g.artifacts, "review", filepath.Base(artifact)))
		return
	}
	answer, err := g.answer(f, r.Method+" "+path, r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusNotFound)
		return
	}
	if err := f.save(g.path); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(answer)
}

// pack keeps a package, or tells where it is.
func (g *gitlab) pack(w http.ResponseWriter, r *http.Request) {
	kept := filepath.Join(g.artifacts, "packages", "site.snapshot")
	if r.Method == http.MethodGet {
		if _, err := os.Stat(kept); err != nil {
			http.Error(w, "404 Not Found", http.StatusNotFound)
			return
		}
		http.Redirect(w, r, g.store+"/site.snapshot", http.StatusFound)
		return
	}
	text, err := io.ReadAll(r.Body)
	if err == nil && r.Method == http.MethodPut {
		err = errors.Join(os.MkdirAll(filepath.Dir(kept), 0o755), os.WriteFile(kept, text, 0o600))
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.WriteHeader(http.StatusCreated)
}

// stored is the store of packages.
func (g *gitlab) stored(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("JOB-TOKEN") != "" || r.Header.Get("Authorization") != "" {
		http.Error(w, "a token of the service was sent to another host", http.StatusBadRequest)
		return
	}
	http.ServeFile(w, r, filepath.Join(g.artifacts, "packages", filepath.Base(r.URL.Path)))
}

// quickAction is a line that GitLab carries out instead of showing it.
var quickAction = regexp.MustCompile(`(?m)^[ \t]*/[a-z]`)

func (g *gitlab) answer(f *forge, what string, r *http.Request) (any, error) {
	if err := r.ParseForm(); err != nil {
		return nil, err
	}
	if text := strings.ReplaceAll(r.Form.Get("body")+"\n"+r.Form.Get("description"), "\r", ""); quickAction.MatchString(text) {
		return nil, fmt.Errorf("the text has a command: %q", text)
	}
	notes := func(on string) []any {
		found := []any{}
		for _, c := range f.on(on) {
			found = append(found, map[string]any{"id": c.ID, "body": c.Body, "note": c.Body, "author": map[string]any{"id": 9}})
		}
		return found
	}
	issues := func() []any {
		found := []any{}
		for _, i := range f.open(r.Form.Get("labels")) {
			found = append(found, map[string]any{"iid": i.Number})
		}
		return found
	}
	parts := strings.Split(what, "/")
	last := parts[len(parts)-1]
	switch {
	case what == "GET user":
		return map[string]int{"id": 9}, nil
	case what == "GET merge_requests":
		return []any{map[string]any{"iid": 6, "sha": g.commit}, map[string]any{"iid": 5, "sha": g.commit}, map[string]any{"iid": 7, "sha": g.commit}}, nil
	case what == "GET merge_requests/6/pipelines":
		return []any{map[string]any{"id": 19, "project_id": 666, "sha": g.commit}}, nil
	case what == "GET merge_requests/5/pipelines": // the stand-in does not know the jobs of this one
		return []any{map[string]any{"id": 18, "project_id": 5, "sha": g.commit}}, nil
	case what == "GET merge_requests/7/pipelines":
		return []any{
			map[string]any{"id": 22, "project_id": 666, "sha": g.commit},
			map[string]any{"id": 21, "project_id": 5, "sha": g.commit},
			map[string]any{"id": 20, "project_id": 5, "sha": "0000"},
		}, nil
	case what == "GET pipelines/21/jobs":
		return []any{map[string]any{"id": 30, "name": "validate", "status": "success"}, map[string]any{"id": 31, "name": "review", "status": "success"}}, nil
	case what == "GET merge_requests/7/notes":
		return notes("7"), nil
	case what == "POST merge_requests/7/notes":
		return f.comment("7", "camform", r.Form.Get("body")), nil
	case strings.HasPrefix(what, "PUT merge_requests/7/notes/"):
		return f.edit(last, r.Form.Get("body"))
	case strings.HasPrefix(what, "GET repository/commits/") && last == "merge_requests":
		if g.proposer() == "" {
			return []any{}, nil
		}
		return []any{
			map[string]any{"state": "opened", "author": map[string]string{"username": "eve"}},
			map[string]any{"state": "merged", "author": map[string]string{"username": g.proposer()}},
		}, nil
	case strings.HasPrefix(what, "GET repository/commits/"):
		return notes(parts[2]), nil
	case what == "GET issues":
		return issues(), nil
	case what == "POST issues":
		return f.issue(r.Form.Get("title"), r.Form.Get("labels"), r.Form.Get("description")), nil
	case strings.HasPrefix(what, "PUT issues/"):
		i, err := f.numbered(last)
		if err != nil {
			return nil, err
		}
		if r.Form.Get("state_event") == "close" {
			i.State = "closed"
		} else {
			i.Body = r.Form.Get("description")
		}
		return i, nil
	}
	return nil, fmt.Errorf("this stand-in does not know %s", what)
}
