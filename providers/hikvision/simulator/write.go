package simulator

import (
	"net/http"
	"strings"

	"camform/providers/device"
)

// write is one request that changes a device, on its way through the checks.
type write struct {
	unit *unit
	q    request
	by   *device.Account
	f    fault

	keeps keeps // for recovery
}

// accept carries out a write and notes it, with the faults that concern it.
func (w *write) accept() result {
	switch {
	case w.unit.starting():
		return *w.unit.model.refuse(invalidOperation)
	case w.f.has(IgnoreWrite):
		return result{http: http.StatusOK, code: ok}
	}
	done := w.change()
	entry := w.q.entry(RemoteConfig, w.by.Name)
	if done.code != ok && done.code != rebootRequired {
		entry.Kind, entry.Detail = Rejected, string(done.code)
	}
	w.unit.record(entry)
	if entry.Kind == RemoteConfig {
		w.keeps.into(&w.unit.recovery)
	}
	if entry.Kind == RemoteConfig && w.q.path == rebootPath {
		w.unit.reboot()
	}
	if strings.HasPrefix(w.q.path, channelsPath) {
		w.unit.publishChannels()
	}
	switch {
	case w.f[ErrorButApplied].Code != "":
		return *w.unit.model.refuse(subCode(w.f[ErrorButApplied].Code))
	case w.f.has(ErrorButApplied):
		return result{http: http.StatusInternalServerError, code: deviceError}
	case w.f.has(Remark) && done.code == ok:
		done.code, done.class = subCode(w.f[Remark].Code), ok.statusCode()
	}
	return done
}

// change carries out a write.
func (w *write) change() result {
	if no := w.unwrap(); no != nil {
		return *no
	}
	if w.unit.model.hasUsers() && (w.q.path == usersPath || strings.HasPrefix(w.q.path, usersPath+"/")) {
		return w.changeUsers()
	}
	if w.q.path == rebootPath && w.q.method == http.MethodPut {
		return result{http: http.StatusOK, code: ok}
	}
	if w.unit.quirks.RefusesSlots && strings.HasPrefix(w.q.path, httpHostsPath+"/") {
		return *w.unit.model.wrongVerb()
	}
	if no := w.prepare(); no != nil {
		return *no
	}
	if done, handled := w.changeItems(); handled {
		return done
	}
	if done, handled := w.changeCertificates(); handled {
		return done
	}
	if w.q.path == logServerTestPath && w.q.method == http.MethodPost && w.unit.has(strings.TrimSuffix(logServerTestPath, "/test")) {
		return w.unit.model.testLogServer(w.q)
	}
	have, known := w.unit.read(w.q.path)
	switch {
	case !known:
		return *w.unit.model.absent(w.q.path)
	case w.q.method != http.MethodPut || getOnly(w.q.path):
		return *w.unit.model.wrongVerb()
	case w.q.path == timeZonePath && !w.unit.model.recorded:
		return w.putTimeZone()
	case !w.unit.model.speaks(have, w.q):
		return *w.unit.model.refuse(badXMLFormat)
	}
	return w.put(w.q.path, w.q.body)
}

// getOnly reports whether nothing but a GET makes sense for a path.
func getOnly(path string) bool {
	for _, end := range []string{"/capabilities", "/status", "Cap"} {
		if strings.HasSuffix(path, end) {
			return true
		}
	}
	return path == onlineUsersPath || path == storagePath || strings.HasPrefix(path, storagePath+"/")
}

// put replaces a document, or a part of one, by what a write asks for.
func (w *write) put(path string, sent []byte) result {
	have, found := w.unit.read(path)
	if !found {
		return *w.unit.model.absent(path)
	}
	if have.contentType == contentJSON && !w.unit.model.recorded {
		return w.putJSON(path, have.body, sent)
	}
	p, isXML := w.unit.partAt(path)
	if !isXML || have.contentType != contentXML {
		return w.keep(path, part{document: path}, composed{body: sent})
	}
	next, no := w.compose(path, p, have.body, sent)
	if no != nil {
		return *no
	}
	if w.f.has(Partial) {
		next.body = firstChange(have.body, next.body)
	}
	done := w.keep(path, p, next)
	if path == timePath && (done.code == ok || done.code == rebootRequired) {
		w.unit.setClock(sent)
	}
	return done
}

// keep stores a part with the secrets that came with it, if the whole document makes sense.
func (w *write) keep(path string, p part, next composed) result {
	whole := next.body
	if p.element != nil {
		whole = p.replaced(next.body)
		if no := w.unit.checkMeaning(p.document, whole); no != nil && w.unit.model.Writes != keepWrites {
			return *no
		}
	}
	if w.f.has(CutList) {
		whole = firstEntries(whole, w.f[CutList].Entries)
	}
	needsReboot, err := w.unit.store(p.document, w.hosts(p.document, whole))
	if err != nil {
		return *w.unit.model.refuse(badParameters)
	}
	w.unit.remember(p, next.secrets)
	if needsReboot {
		return result{http: http.StatusOK, code: rebootRequired}
	}
	return result{http: http.StatusOK, code: ok}
}

// putTimeZone sets the time zone from plain text.
func (w *write) putTimeZone() result {
	stored, _ := w.unit.stored(timePath)
	root, err := scan(stored.body)
	zone := root.child("timeZone")
	text := strings.TrimSpace(string(w.q.body))
	if err != nil || zone == nil || !timeZone.MatchString(text) {
		return *w.unit.model.refuse(badParameters)
	}
	if w.f.has(Partial) {
		return result{http: http.StatusOK, code: ok}
	}
	if _, err := w.unit.store(timePath, w.unit.rewriteTime(apply(stored.body, []edit{zone.setText(stored.body, text)}))); err != nil {
		return *w.unit.model.refuse(badParameters)
	}
	return result{http: http.StatusOK, code: ok}
}
