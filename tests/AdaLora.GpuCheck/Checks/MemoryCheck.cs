using static TorchSharp.torch;

namespace AdaLora.GpuCheck;

/// <summary>
/// The most memory that contenders have allocated at a time, from their making through some steps. TorchSharp has no counters of libtorch's allocator; CUDA's own pool has, so that the process uses
/// that one. PEFT's is what PyTorch counts, which means the same: bytes of tensors, rounded up.
/// </summary>
internal sealed class MemoryCheck : ICheck
{
    /// <summary>The name that libtorch reads.</summary>
    public const string AllocatorVariable = "PYTORCH_ALLOC_CONF";

    /// <summary>The name that it read before.</summary>
    public const string FormerAllocatorVariable = "PYTORCH_CUDA_ALLOC_CONF";

    private const string Pool = "backend:cudaMallocAsync";
    private const int Steps = 4;
    private const double Mebibyte = 1 << 20;

    public string Name => "memory";

    public string Title => "Peak memory of a contender on the card, MiB";

    public double LeastSeconds => 30;

    public IReadOnlyDictionary<string, string> Environment { get; } = new Dictionary<string, string> { [AllocatorVariable] = Pool, [FormerAllocatorVariable] = Pool };

    public void Run(CheckContext context)
    {
        if (!context.IsOnCard && !context.IsQuick)
            throw new CheckSkippedException("There is no card whose memory could be measured.");
        foreach (var shape in (string[])["bert-base", "deberta-v3-base"])
            Measure(context, new CardModel(shape, context.IsQuick, context.Device));
        if (!context.IsOnCard)
            throw new CheckSkippedException("There is no card whose memory could be measured; the contenders were only rehearsed.");
    }

    private static void Measure(CheckContext context, CardModel model)
    {
        var columns = new List<Dictionary<string, double>>();
        foreach (var (dtype, precision) in (IEnumerable<(ScalarType, string)>)[(ScalarType.Float32, "fp32"), (ScalarType.BFloat16, "bf16")])
        {
            var peaks = Own(context, model, dtype);
            AddPeft(context, model, precision, peaks);
            columns.Add(peaks);
            if (peaks.TryGetValue(PeftRequest.Of(model, precision)[0].Name, out var peft))
                context.Target($"{model.Shape}, {precision}: peak memory against PEFT's AdaLoRA", peaks[OwnContenders.Budgeting] / peft, 0.9);
        }

        context.Add(new CheckTable(model.Shape, ["fp32", "bf16"],
            [.. columns.SelectMany(column => column.Keys).Distinct()
            .Select(name => new CheckRow(name, [.. columns.Select(column => column.TryGetValue(name, out var value) ? value : (double?)null)]))]));
    }

    private static Dictionary<string, double> Own(CheckContext context, CardModel model, ScalarType dtype)
    {
        var peaks = new Dictionary<string, double>();
        var runtime = context.IsOnCard ? CudaRuntime.Find() : null;
        using var inputs = model.Inputs();
        var contenders = OwnContenders.Of(model, dtype).GetEnumerator();
        while (true)
        {
            Collect(context);
            var before = runtime?.PoolBytes ?? 0;
            runtime?.ResetPoolPeak();
            if (!contenders.MoveNext())
                return peaks;
            using var contender = contenders.Current;
            for (var step = 0; step < Steps; step++)
                contender.Step(inputs);
            context.Synchronize();
            peaks[contender.Name] = ((runtime?.PoolPeakBytes ?? 0) - before) / Mebibyte;
        }
    }

    private static void AddPeft(CheckContext context, CardModel model, string precision, Dictionary<string, double> peaks)
    {
        try
        {
            foreach (var request in PeftRequest.Of(model, precision))
                peaks[request.Name] = context.Peft.PeakBytes(request, Steps) / Mebibyte;
        }
        catch (CheckSkippedException e)
        {
            context.Note($"Without PEFT: {e.Message}");
        }
    }

    private static void Collect(CheckContext context)
    {
        context.Synchronize();
        GC.Collect();
        GC.WaitForPendingFinalizers();
        context.Synchronize();
    }
}
