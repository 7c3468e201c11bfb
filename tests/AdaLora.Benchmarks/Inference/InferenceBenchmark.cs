using AdaLora.Transformers.Heads;
using static TorchSharp.torch;

namespace AdaLora.Benchmarks;

/// <summary>Times evaluation of a plain classifier, of one with adapters, with adapters merged into the weights, and merged for good.</summary>
internal static class InferenceBenchmark
{
    public static BenchmarkTable Run(Workload workload, Pace pace)
    {
        set_num_threads(pace.Threads);
        manual_seed(1).Dispose();
        using var inputs = StepInputs.Random(workload.Batch, workload.Length);
        using var plain = workload.Model.Create(workload.Base);
        using var attached = workload.Model.Create(workload.Base);
        using var merged = workload.Model.Create(workload.Base);
        using var baked = workload.Model.Create(workload.Base);
        using var unmerged = Attach(attached);
        using var mergeable = Attach(merged);
        mergeable.Merge();
        Attach(baked).MergeAndDetach();
        var timings = Turns.Take(
            [
                ("plain model", () => Infer(plain)),
                ("AdaLoRA r 12", () => Infer(attached)),
                ("merged", () => Infer(merged)),
                ("merged and detached", () => Infer(baked)),
            ],
            pace);
        return new BenchmarkTable(workload.Title, TimedRows.From(timings));

        AdaLoraModel Attach(SequenceClassifier model) => AdaLoraModel.Attach(model, AdapterPlan.Options(model, workload.Dropout));

        void Infer(SequenceClassifier model)
        {
            using var scope = NewDisposeScope();
            using var frozen = inference_mode();
            model.eval();
            model.call(inputs.Ids, inputs.Mask, inputs.Types);
        }
    }
}
