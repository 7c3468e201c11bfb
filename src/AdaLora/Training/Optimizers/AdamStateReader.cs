using AdaLora.Internals;
using static TorchSharp.torch;

namespace AdaLora.Training.Optimizers;

/// <summary>Reads the saved states of parameters, all of them before applying the first.</summary>
internal sealed class AdamStateReader(IReadOnlyDictionary<string, Tensor> saved)
{
    private readonly HashSet<string> _known = new(StringComparer.Ordinal);
    private readonly List<string> _problems = [];
    private readonly List<Action> _take = [];

    /// <summary>Reads the state of one parameter, whose entries' names begin with <paramref name="name"/> and a dot.</summary>
    public void Expect(string name, AdamSlot slot)
    {
        var own = slot.State;
        var step = Find($"{name}.step");
        var means = Like($"{name}.exp_avg", own.exp_avg, slot.Shape);
        var squares = Like($"{name}.exp_avg_sq", own.exp_avg_sq, slot.Shape);
        var master = slot.Master is { } present ? Like($"{name}.master", present, slot.Shape) : null;
        if (step is not null && (step.numel() != 1 || step.dtype != ScalarType.Int64))
            _problems.Add($"{name}.step is {step.dtype} ({string.Join(", ", step.shape)}) instead of one Int64");
        _take.Add(() =>
        {
            own.step = HostRead.Scalar<long>(step!);
            slot.Take(means!, squares!, master);
        });
    }

    /// <summary>Applies what was read to the parameters.</summary>
    /// <exception cref="InvalidDataException">Something is missing, has another shape, or belongs to no parameter.</exception>
    public void Take()
    {
        _problems.AddRange(saved.Keys.Where(key => !_known.Contains(key)).Order(StringComparer.Ordinal).Select(key => $"{key} belongs to no parameter"));
        if (_problems.Count > 0)
            throw new InvalidDataException($"The saved state of AdamW belongs to other parameters: {string.Join("; ", _problems)}.");
        foreach (var take in _take)
            take();
    }

    private Tensor? Find(string name)
    {
        _known.Add(name);
        if (saved.TryGetValue(name, out var tensor) && tensor is not null)
            return tensor;
        _problems.Add($"{name} is missing");
        return null;
    }

    // The averages of a compacted bank differ in size from those just created; what counts is the parameter's own size.
    private Tensor? Like(string name, Tensor present, long[] shape)
    {
        var tensor = Find(name);
        if (tensor is null)
            return null;
        if (tensor.dtype == present.dtype && tensor.shape.AsSpan().SequenceEqual(shape))
            return tensor.to(present.device, copy: true);
        _problems.Add($"{name} is {tensor.dtype} ({string.Join(", ", tensor.shape)}) instead of {present.dtype} ({string.Join(", ", shape)})");
        return null;
    }
}
