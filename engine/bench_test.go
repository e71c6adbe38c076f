package engine_test

import (
	"context"
	"fmt"
	"testing"

	"camform/engine/graph"
	"camform/providers/memory"
)

// A plan for devices with eight settings each that an apply has set, which finds nothing to do.
func BenchmarkPlanOfNothing(b *testing.B) {
	w := newWorld(b)
	w.parallelism = graph.Parallelism{Total: 64}
	const devices = 1_000
	for i := range devices {
		name := fmt.Sprintf("d%05d", i)
		w.add(name, memory.Options{})
		w.everything(name)
	}
	w.apply(w.plan())
	b.ResetTimer()
	for b.Loop() {
		if planned, problems := w.engine().Plan(context.Background(), w.cfg, nil); problems.HasErrors() || !planned.Plan.Empty() {
			b.Fatal(problems)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/devices, "µs/device")
}

// A plan for devices with eight settings each that all differ, as the command plan makes it the second time.
func BenchmarkPlan(b *testing.B) {
	for _, devices := range []int{1_000, 10_000} {
		b.Run(fmt.Sprintf("%d devices", devices), func(b *testing.B) {
			w := newWorld(b)
			w.parallelism = graph.Parallelism{Total: 64}
			for i := range devices {
				name := fmt.Sprintf("d%05d", i)
				w.add(name, memory.Options{})
				w.everything(name)
			}
			w.plan()
			b.ResetTimer()
			for b.Loop() {
				if _, problems := w.engine().Plan(context.Background(), w.cfg, nil); problems.HasErrors() {
					b.Fatal(problems)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/float64(devices), "µs/device")
		})
	}
}
