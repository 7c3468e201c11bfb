using AdaLora.Targeting;
using AdaLora.Training;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLora.Benchmarks;

/// <summary>Times whole training steps with adapters attached in each way, compared with full fine-tuning: all linear layers of an encoder, and all convolutions of a residual network.</summary>
internal static class AttachmentBenchmark
{
    private const string Full = "full fine-tuning";
    private const int Classes = 10;

    private static readonly AttachmentMethod[] Ways = [AttachmentMethod.Replace, AttachmentMethod.Hook, AttachmentMethod.Materialise];

    public static BenchmarkTable OfEncoder(Workload workload, Pace pace)
    {
        Prepare(pace);
        using var inputs = StepInputs.Random(workload.Batch, workload.Length);
        return Measure(workload.Title, pace, (name, attachment) =>
        {
            var model = workload.Model.Create(ScalarType.Float32);
            var options = attachment is { } way ? AdapterPlan.WarmUp(model, workload.Dropout) with { Attachment = way } : null;
            return new WayContender(name, model, options, () => model.Loss(model.call(inputs.Ids, inputs.Mask, inputs.Types), inputs.Labels));
        });
    }

    public static BenchmarkTable OfResNet(int images, int size, Pace pace)
    {
        Prepare(pace);
        using var pixels = randn(images, 3, size, size);
        using var labels = randint(0, Classes, [images], dtype: ScalarType.Int64);
        return Measure($"resnet18 with random weights, {images} x 3 x {size} x {size}, fp32", pace, (name, attachment) =>
        {
            var model = torchvision.models.resnet18(Classes, skipfc: false);
            var layers = model.named_modules().Where(named => named.module is Conv2d or Linear).Select(named => named.name);
            var options = attachment is { } way ? AdapterPlan.WarmUp(TargetModules.Suffixes([.. layers])) with { Attachment = way } : null;
            return new WayContender(name, model, options, () => nn.functional.cross_entropy(model.call(pixels), labels));
        });
    }

    private static void Prepare(Pace pace)
    {
        // As the applications do: whether glibc gives blocks back and has to clear them again would otherwise depend on the order in which contenders free theirs.
        _ = NativeHeap.KeepFreedMemory();
        set_num_threads(pace.Threads);
        manual_seed(1).Dispose();
    }

    private static BenchmarkTable Measure(string title, Pace pace, Func<string, AttachmentMethod?, WayContender> create)
    {
        var contenders = Ways.Select(way => create(way.ToString(), way)).Append(create(Full, null)).ToList();
        try
        {
            var timings = Turns.Take([.. contenders.Select(c => (c.Name, (Action)c.Step))], pace);
            return new BenchmarkTable(title, TimedRows.From(timings, nameof(AttachmentMethod.Replace), Full));
        }
        finally
        {
            contenders.ForEach(c => c.Dispose());
        }
    }
}
