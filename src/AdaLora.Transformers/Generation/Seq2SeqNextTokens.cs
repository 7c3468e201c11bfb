using AdaLora.Internals;
using AdaLora.Transformers.Heads;
using AdaLora.Transformers.Layers;
using static TorchSharp.torch;

namespace AdaLora.Transformers.Generation;

/// <summary>A decoder and the texts that its encoder has read, each once.</summary>
/// <param name="model">The model.</param>
/// <param name="texts">Token ids of each text.</param>
internal sealed class Seq2SeqNextTokens(Seq2SeqLM model, IReadOnlyList<IReadOnlyList<int>> texts) : NextTokens
{
    private EncodedTexts? _source;

    public override Device Device { get; } = TextWriter.DeviceOf(() => model.WordWeight);

    public override Tensor Score(Tensor ids, Tensor? mask, KeyValueCache cache)
    {
        using var scope = NewDisposeScope();
        // What the decoder's layers need of the texts is kept by their first pass, in this scope.
        _source ??= Read();
        return model.ScoreNext(ids, _source, cache).MoveToOuterDisposeScope();
    }

    public override void Keep(IReadOnlyList<int> rows) => _source!.Keep(rows);

    public override void Dispose() => _source?.Dispose();

    private EncodedTexts Read()
    {
        var longest = texts.Max(text => text.Count);
        var ids = new long[texts.Count * longest];
        var real = new long[ids.Length];
        Array.Fill(ids, model.Config.PadId!.Value);
        for (var row = 0; row < texts.Count; row++)
        {
            for (var place = 0; place < texts[row].Count; place++)
                (ids[(row * longest) + place], real[(row * longest) + place]) = (texts[row][place], 1);
        }

        if (texts.All(text => text.Count == longest))
            return model.Encode(ToDevice(ids), null, keeps: true);
        var mask = ToDevice(real);
        if (mask.device_type != TorchSharp.DeviceType.CPU)
            KnownMask.Note(mask, real);
        return model.Encode(ToDevice(ids), mask, keeps: true);

        Tensor ToDevice(long[] values) => PinnedCopy.To(tensor(values, [texts.Count, longest], device: CPU), Device);
    }
}
