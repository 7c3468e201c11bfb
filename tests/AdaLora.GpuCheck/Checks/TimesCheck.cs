using AdaLora.Benchmarks;
using static TorchSharp.torch;

namespace AdaLora.GpuCheck;

/// <summary>Times of a training step, compared with PEFT's, in the precisions that a card has.</summary>
internal sealed class TimesCheck(string shape) : ICheck
{
    private const string Single = "fp32", Tensor32 = "tf32", Brain = "bf16";

    public string Name => "times-" + shape.Split('-')[0];

    public string Title => $"Milliseconds of a training step, random weights of {shape}'s shape, 32 x 128, dropout 0.1, rank 12 to 8 on all linear layers";

    public double LeastSeconds => 45;

    public void Run(CheckContext context)
    {
        var model = new CardModel(shape, context.IsQuick, context.Device);
        var withPeft = HasPeft(context);
        var times = new Dictionary<string, IReadOnlyDictionary<string, double>>();
        var rounds = new Rounds(context, model);
        try
        {
            foreach (var (dtype, precisions) in (IEnumerable<(ScalarType, string[])>)[(ScalarType.BFloat16, [Brain]), (ScalarType.Float32, context.IsOnCard ? [Single, Tensor32] : [Single])])
                Measure(context, model, dtype, precisions, withPeft, rounds, times);
        }
        finally
        {
            Tell(context, times);
        }

        foreach (var (dtype, precision) in (IEnumerable<(ScalarType, string)>)[(ScalarType.BFloat16, Brain), (ScalarType.Float32, Single)])
        {
            using var share = new AllocatorShare(context, model, dtype);
            var (own, step) = share.MeasurePartByPart(context.IsQuick ? 2 : 30);
            context.Note($"{precision}: regulariser, norm, clipping and allocator take {own:F2} ms of a step that is waited for after each part, {step:F2} ms");
            var (with, without) = share.MeasureRunning(context.IsQuick ? 1 : 9);
            context.Note($"{precision}: a step of a training that waits for nothing takes {with:F2} ms with them and {without:F2} ms without");
            context.Target($"{shape}, {precision}: share of regulariser, clipping and allocator", (with - without) / with, 0.03);
        }
    }

    private static bool HasPeft(CheckContext context)
    {
        try
        {
            context.Note($"PEFT: {context.Peft.Versions}");
            context.Peft.Forget();
            return true;
        }
        catch (CheckSkippedException e)
        {
            context.Note($"Without PEFT: {e.Message}");
            return false;
        }
    }

    private static void Measure(
        CheckContext context, CardModel model, ScalarType dtype, string[] precisions, bool withPeft, Rounds rounds, Dictionary<string, IReadOnlyDictionary<string, double>> times)
    {
        var own = new List<Contender>();
        try
        {
            own.AddRange(OwnContenders.Of(model, dtype));
            foreach (var precision in precisions)
            {
                SetTensorFloat32(context, precision == Tensor32);
                times[precision] = rounds.Measure(own, withPeft ? PeftRequest.Of(model, precision) : []);
                context.Note($"{precision}: medians over {rounds.Steps} steps");
            }

            if (withPeft)
                context.Peft.Forget();
        }
        finally
        {
            SetTensorFloat32(context, false);
            own.ForEach(contender => contender.Dispose());
        }
    }

    private static void SetTensorFloat32(CheckContext context, bool isOn)
    {
        if (context.IsOnCard)
            (backends.cuda.matmul.allow_tf32, backends.cudnn.allow_tf32) = (isOn, isOn);
    }

    private void Tell(CheckContext context, IReadOnlyDictionary<string, IReadOnlyDictionary<string, double>> times)
    {
        string[] precisions = [.. ((string[])[Single, Tensor32, Brain]).Where(times.ContainsKey)];
        var names = times.Values.SelectMany(one => one.Keys).Distinct();
        context.Add(new CheckTable("Milliseconds of a step", precisions, [.. names.Select(name => new CheckRow(name, [.. precisions.Select(precision => Of(precision, name))]))]));
        foreach (var precision in precisions)
        {
            Target(precision, "AdaLoRA against PEFT's AdaLoRA", Of(precision, OwnContenders.Budgeting), Of(precision, "PEFT's AdaLoRA, budgeting, deltaT 1"), precision == Brain ? 0.75 : 0.85);
            Target(precision, "budgeting against own LoRA of rank 12", Of(precision, OwnContenders.Budgeting), Of(precision, OwnContenders.InitialLora), 1.05);
            Target(precision, "compacted against own LoRA of rank 8", Of(precision, OwnContenders.Compacted), Of(precision, OwnContenders.FinalLora), 1.03);
        }

        Target(Brain, "AdaLoRA against itself in fp32", Of(Brain, OwnContenders.Budgeting), Of(Single, OwnContenders.Budgeting), 0.5);

        double? Of(string precision, string name) => times.GetValueOrDefault(precision) is { } found && found.TryGetValue(name, out var value) ? value : null;

        void Target(string precision, string what, double? value, double? baseline, double atMost)
        {
            if (value is { } own && baseline is { } other)
                context.Target($"{shape}, {precision}: {what}", own / other, atMost);
        }
    }
}
