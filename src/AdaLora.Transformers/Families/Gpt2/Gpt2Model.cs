using AdaLora.Internals;
using AdaLora.Transformers.Layers;
using AdaLora.Transformers.Loading;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLora.Transformers.Families.Gpt2;

/// <summary>GPT-2 without a head (Radford et al., 2019).</summary>
public sealed class Gpt2Model : TextDecoder
{
    [ComponentName(Name = "wte")]
    private readonly Embedding _words;

    [ComponentName(Name = "wpe")]
    private readonly Embedding _positions;

    [ComponentName(Name = "drop")]
    private readonly Module<Tensor, Tensor> _dropout;

    [ComponentName(Name = "h")]
    private readonly ModuleList<Module<Tensor, DecoderPass, Tensor>> _blocks;

    [ComponentName(Name = "ln_f")]
    private readonly Module<Tensor, Tensor> _norm;

    /// <summary>Creates a model with random weights.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="seed">Seeds the weights; TorchSharp's global generator is used if null.</param>
    /// <exception cref="ArgumentException">The configuration has faults; all are listed.</exception>
    public Gpt2Model(Gpt2Config config, long? seed)
        : this(config) => WeightInitializer.Initialize(this, seed);

    internal Gpt2Model(Gpt2Config config)
        : base(nameof(Gpt2Model), config)
    {
        _words = Unfilled.Embedding(config.VocabularySize, config.HiddenSize);
        _positions = Unfilled.Embedding(config.MaxPositions, config.HiddenSize);
        _dropout = new Layers.Dropout(config.EmbeddingDropout);
        _blocks = ModuleList(Enumerable.Range(0, config.Layers).Select(layer => (Module<Tensor, DecoderPass, Tensor>)new Gpt2Block(config, layer)).ToArray());
        _norm = Unfilled.LayerNorm(config.HiddenSize, config.LayerNormEps);
        RegisterComponents();
    }

    internal override string BasePrefix => "transformer";

    internal override Tensor WordWeight => _words.weight!;

    private protected override ModuleList<Module<Tensor, DecoderPass, Tensor>> Blocks => _blocks;

    private protected override Tensor Embed(Tensor inputIds, Tensor positions)
    {
        using var scope = NewDisposeScope();
        return _dropout.call(_words.call(inputIds).Add(_positions.call(positions))).MoveToOuterDisposeScope();
    }

    private protected override Tensor Normalize(Tensor states) => _norm.call(states);
}
