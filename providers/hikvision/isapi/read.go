package isapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"camform/providers"
)

// Read gets a document, as it came but for what the web server put around it. The error is ErrDenied where the account may not see it, ErrBusy where the device
// stays busy or reports a device error, and ErrMalformed for an HTML page, an empty answer, a mere OK, or the answer to
// another question. It is ErrWithheld where the document alone asks for a login again, leads elsewhere, or gets no answer, while
// the device gives another one to the same login; a document that got no answer in time is not asked for again in the run, and one
// that asked for a login again not in later ones either. Where the device does not have the document, Missing holds the HTTP status and the reason in its words,
// and Unsure tells a fault that may pass.
func (r *Reader) Read(ctx context.Context, path string) (providers.Document, error) {
	if err := r.ready(); err != nil {
		return providers.Document{}, err
	}
	doc, err := r.read(ctx, path)
	if err != nil {
		return providers.Document{}, r.end(fmt.Errorf("read %s: %w", shownPath(path), err))
	}
	return doc, nil
}

func (r *Reader) read(ctx context.Context, path string) (providers.Document, error) {
	if err := r.target.Nodes.Spared(ctx, r.node(path)); err != nil {
		return providers.Document{}, err
	}
	status, body, err := r.get(ctx, path)
	if err != nil {
		return providers.Document{}, r.alone(ctx, path, err)
	}
	if status != http.StatusUnauthorized {
		if err := r.target.Nodes.Given(ctx, r.node(path)); err != nil {
			return providers.Document{}, fmt.Errorf("its arrival could not be recorded for later runs: %w", err)
		}
	}
	doc := providers.Document{Path: path, Source: r.stack.base.source(), Hide: r.hide, Told: r.told, Shown: r.Certificate()}
	v := verdictOf(status, body)
	switch {
	case status == http.StatusUnauthorized:
		return providers.Document{}, r.asksAgain(ctx, path)
	case v.accepted() && !strings.HasPrefix(path, userCheckPath):
		return providers.Document{}, fmt.Errorf("it answers with a status, not with the document: %w", providers.ErrMalformed)
	case status/100 == 2 && (v.accepted() || !v.isapi):
		doc.Body = unwrapped(body)
		return doc, unexpected(path, body)
	case status == http.StatusForbidden && !v.isapi:
		// A filter or a lock forbids everything, a web server only what it does not have.
		if err := r.stack.login.state(ctx); err != nil {
			return providers.Document{}, err
		}
		doc.Missing, doc.Unsure = v.missing(r.hide.Blank), v.mayPass()
		return doc, nil
	case v.lacks():
		doc.Missing, doc.Unsure = v.missing(r.hide.Blank), v.mayPass()
		return doc, nil
	}
	return providers.Document{}, fmt.Errorf("%s: %w", v.describe(r.hide.Blank), v.readFamily())
}

// get asks for a document. That of who is there was read a moment ago.
func (r *Reader) get(ctx context.Context, path string) (int, []byte, error) {
	if info := r.info; info != nil && path == deviceInfoPath {
		r.info, r.told = nil, info.told
		return info.status, info.body, nil
	}
	return r.send(ctx, http.MethodGet, path, nil)
}

// asksAgain is the error of a document for which the device asked for a login again, although that is good.
func (r *Reader) asksAgain(ctx context.Context, path string) error {
	text := "it answers 401 although the login is good"
	ctx = context.WithoutCancel(ctx)
	if !r.stack.login.tells() {
		switch first, again, err := r.target.Nodes.Untold(ctx, r.node(path)); {
		case err != nil:
			return fmt.Errorf("%s, which could not be recorded for later runs (%w): %w", text, err, providers.ErrWithheld)
		case !first:
			return fmt.Errorf("%s, and the device does not tell how many attempts are left; camform asks for it again in runs after %s: %w",
				text, again, providers.ErrWithheld)
		}
	}
	if err := r.target.Nodes.Refused(ctx, r.node(path)); err != nil {
		return fmt.Errorf("%s, which could not be recorded for later runs (%w): %w", text, err, providers.ErrWithheld)
	}
	return fmt.Errorf("%s; later runs skip it unless you add -retry-nodes: %w", text, providers.ErrWithheld)
}

// alone is the error of a document that got no answer: where the device still gives who it is, it is that of the document alone.
func (r *Reader) alone(ctx context.Context, path string, cause error) error {
	if !errors.Is(cause, providers.ErrUnreachable) || unsent(cause) || ctx.Err() != nil {
		return cause
	}
	r.hung(path, cause)
	switch _, err := r.whoIsThere(ctx); {
	case errors.Is(err, providers.ErrUnreachable):
		return cause
	case err != nil:
		return err
	}
	return fmt.Errorf("%s: %w", providers.Reason(cause), providers.ErrWithheld)
}

// unexpected is the error of a body that cannot be a document.
func unexpected(path string, body []byte) error {
	form, root := shapeOf(body)
	switch {
	case form == shapeHTML || form == shapeEmpty:
		return fmt.Errorf("it answers with %s: %w", form, providers.ErrMalformed)
	case root == "userCheck" && !strings.HasPrefix(path, userCheckPath):
		return fmt.Errorf("it answers with the state of its login: %w", providers.ErrMalformed)
	}
	return nil
}

// lacks reports whether the answer to a read means that the device does not have the document. Next to the clear cases,
// 400 and 500 are recorded for nodes of hybrid recorders and old cameras that are not there; a read has nothing else in
// it that could be wrong. A device error under 200 is none of them: it says nothing about the document.
func (v verdict) lacks() bool {
	family, special := families[strings.ToLower(v.sub)]
	switch {
	case v.absent != "" || special && family == providers.ErrUnsupported:
		return true
	case special || v.code == codeBusy:
		return false
	case v.http == http.StatusForbidden:
		return false
	}
	return v.http/100 == 4 || v.http == http.StatusInternalServerError || v.http == http.StatusNotImplemented
}

// mayPass reports whether the answer to a read that lacks a document may as well be a fault of the device that passes: a 500
// without one of the clear words, or an HTML page. Devices are recorded to answer for a document that they do not have with a
// ResponseStatus, or with a 400, 403 or 404 and nothing in it. A page is not the word of what serves the documents but of the web
// server before it: the one that is recorded came with 404 for an address outside of /ISAPI. It says the same of every address while
// what is behind it starts, or until somebody logs in.
func (v verdict) mayPass() bool {
	if v.page {
		return true
	}
	family, special := families[strings.ToLower(v.sub)]
	return v.http == http.StatusInternalServerError && v.absent == "" && !(special && family == providers.ErrUnsupported)
}

// missing is why a document is not there, such as "403 notSupport".
func (v verdict) missing(hide blank) string {
	text := v.sub
	switch {
	case v.absent != "":
		text = v.absent
	case v.page:
		text = "with an HTML page"
	}
	return strings.TrimSpace(fmt.Sprintf("%d %s", v.http, plain(hide(text))))
}
