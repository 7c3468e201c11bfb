using AdaLora.Transformers.Configuration;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLora.Transformers.Layers;

/// <summary>A decoder whose positions are known to its attention only. The builders of the families say what its layers are.</summary>
internal sealed class RotaryDecoder : TextDecoder
{
    [ComponentName(Name = "embed_tokens")]
    private readonly Embedding _words;

    [ComponentName(Name = "layers")]
    private readonly ModuleList<Module<Tensor, DecoderPass, Tensor>> _blocks;

    [ComponentName(Name = "norm")]
    private readonly Module<Tensor, Tensor> _norm;

    [ComponentName(Name = "dropout")]
    private readonly Module<Tensor, Tensor> _dropout;

    private readonly double _wordScale;
    private readonly RotaryParameters _rotary;

    /// <param name="name">The reference's name of the class.</param>
    /// <param name="config">The configuration.</param>
    /// <param name="block">Makes the layer of a number, counted from 0.</param>
    /// <param name="norm">Makes the norm after the last layer; null for a plain one.</param>
    /// <param name="wordScale">What word embeddings are multiplied by.</param>
    /// <param name="wordDropout">The dropout probability of word embeddings.</param>
    public RotaryDecoder(
        string name, RotaryDecoderConfig config, Func<int, Module<Tensor, DecoderPass, Tensor>> block, Func<RmsNorm>? norm = null, double wordScale = 1, double wordDropout = 0)
        : base(name, config)
    {
        _words = Unfilled.Embedding(config.VocabularySize, config.HiddenSize);
        _blocks = ModuleList(Enumerable.Range(0, config.Layers).Select(block).ToArray());
        _norm = norm?.Invoke() ?? new RmsNorm(config.HiddenSize, config.LayerNormEps);
        _dropout = new Dropout(wordDropout);
        (_wordScale, _rotary) = (wordScale, config.Rotary);
        RegisterComponents();
    }

    internal override string BasePrefix => "model";

    // Angles are computed for any position.
    internal override int? MaxLength => null;

    // As in the reference: its dynamic type keeps the keys that a cache holds.
    internal override long? AnglesChangeAfter => _rotary.Type == RotaryType.LongRope ? _rotary.OriginalMaxPositions ?? Config.MaxPositions : null;

    internal override Tensor WordWeight => _words.weight!;

    private protected override ModuleList<Module<Tensor, DecoderPass, Tensor>> Blocks => _blocks;

    private protected override Tensor Embed(Tensor inputIds, Tensor positions)
    {
        using var scope = NewDisposeScope();
        var words = _words.call(inputIds);
        // A tensor of the model's own precision: the reference rounds the factor to it.
        if (_wordScale != 1)
            words = words.mul(tensor(_wordScale, words.dtype, device: CPU));
        return _dropout.call(words).MoveToOuterDisposeScope();
    }

    private protected override Tensor Normalize(Tensor states) => _norm.call(states);
}
