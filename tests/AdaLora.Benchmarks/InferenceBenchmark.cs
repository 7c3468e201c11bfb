using AdaLora.Transformers.Models;
using static TorchSharp.torch;

namespace AdaLora.Benchmarks;

/// <summary>Times evaluation of a plain classifier, of one with adapters, with adapters merged into the weights, and merged for good.</summary>
internal static class InferenceBenchmark
{
    public static IReadOnlyList<BenchmarkRow> Run(StepBenchmarkSettings settings)
    {
        set_num_threads(settings.Threads);
        manual_seed(1).Dispose();
        var inputs = StepInputs.Create(settings.Batch, settings.Length, 1000);
        using var plain = BenchmarkModels.Create(settings);
        using var attached = BenchmarkModels.Create(settings);
        using var merged = BenchmarkModels.Create(settings);
        using var baked = BenchmarkModels.Create(settings);
        using var unmerged = AdaLoraModel.Attach(attached, BenchmarkModels.Adapters(attached, settings));
        using var mergeable = AdaLoraModel.Attach(merged, BenchmarkModels.Adapters(merged, settings));
        mergeable.Merge();
        AdaLoraModel.Attach(baked, BenchmarkModels.Adapters(baked, settings)).MergeAndDetach();
        return Turns.Take(
            [
                ("plain model", () => Infer(plain)),
                ("AdaLoRA r 12", () => Infer(attached)),
                ("merged", () => Infer(merged)),
                ("merged and detached", () => Infer(baked)),
            ],
            settings.Warmup,
            settings.Steps);

        void Infer(SequenceClassifier model)
        {
            using var scope = NewDisposeScope();
            using var frozen = inference_mode();
            model.eval();
            model.call(inputs.Ids, inputs.Mask, inputs.Types);
        }
    }
}
