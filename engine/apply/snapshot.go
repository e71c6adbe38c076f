package apply

import (
	"bytes"
	"compress/gzip"
	"context"
	"maps"
	"slices"
	"sync"

	"camform/engine/rotate"
)

// snapshot keeps the documents of a group as they are before the first change of the run. Limits are none of a device's
// own, and are left out.
func (w *worker) snapshot(ctx context.Context, before reading) error {
	for _, path := range slices.Sorted(maps.Keys(before.documents)) {
		doc := before.documents[path]
		if doc.Missing != "" || before.limits[path] || w.kept[path] {
			continue
		}
		sealed, err := w.Sealer.Seal(pack(doc.Body))
		if err == nil {
			err = w.Store.SaveSnapshot(ctx, w.lease, path, sealed)
		}
		if err != nil {
			return rotate.StoreError(err)
		}
		w.kept[path] = true
	}
	return nil
}

// packers are used again, since each of them is far larger than what it packs. The higher levels of compression clear tables of half a
// megabyte for every document, and make a document of a device smaller by a few bytes.
var packers = sync.Pool{New: func() any {
	z, _ := gzip.NewWriterLevel(nil, gzip.BestSpeed) // there is such a level
	return z
}}

func pack(text []byte) []byte {
	var packed bytes.Buffer
	z := packers.Get().(*gzip.Writer)
	defer packers.Put(z)
	z.Reset(&packed)
	_, _ = z.Write(text) // a buffer takes everything
	_ = z.Close()
	return packed.Bytes()
}
