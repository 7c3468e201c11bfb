using AdaLora.Transformers.Configuration;
using AdaLora.Transformers.Layers;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLora.Transformers.Families.Bert;

/// <summary>The head of masked-language modelling: dense, activation and layer norm, then a score per word. Takes hidden states and the matrix of word embeddings.</summary>
internal sealed class BertLanguageModelHead : Module<Tensor, Tensor, Tensor>
{
    [ComponentName(Name = "predictions")]
    private readonly Predictions _predictions;

    public BertLanguageModelHead(BertConfig config)
        : base(nameof(BertLanguageModelHead))
    {
        _predictions = new Predictions(config);
        RegisterComponents();
    }

    /// <summary>Whether the head has its own output matrix.</summary>
    public bool HasDecoder => _predictions.HasDecoder;

    public override Tensor forward(Tensor hidden, Tensor wordWeight) => _predictions.call(hidden, wordWeight);

    private sealed class Predictions : Module<Tensor, Tensor, Tensor>
    {
        [ComponentName(Name = "transform")]
        private readonly Transform _transform;

        [ComponentName(Name = "decoder")]
        private readonly Module<Tensor, Tensor>? _decoder;

        // A decoder has its own bias; this one is then stored as well, as in the reference, but not used.
        [ComponentName(Name = "bias")]
        private readonly Parameter _bias;

        public Predictions(BertConfig config)
            : base(nameof(Predictions))
        {
            _transform = new Transform(config);
            _decoder = config.TiesWordEmbeddings ? null : Unfilled.Linear(config.HiddenSize, config.VocabularySize);
            _bias = Unfilled.Parameter(config.VocabularySize);
            RegisterComponents();
        }

        public bool HasDecoder => _decoder is not null;

        public override Tensor forward(Tensor hidden, Tensor wordWeight)
        {
            using var scope = NewDisposeScope();
            var transformed = _transform.call(hidden);
            return (_decoder is null ? functional.linear(transformed, wordWeight, _bias) : _decoder.call(transformed)).MoveToOuterDisposeScope();
        }
    }

    private sealed class Transform : Module<Tensor, Tensor>
    {
        [ComponentName(Name = "dense")]
        private readonly Module<Tensor, Tensor> _dense;

        [ComponentName(Name = "LayerNorm")]
        private readonly Module<Tensor, Tensor> _layerNorm;

        private readonly Func<Tensor, Tensor> _activation;

        public Transform(BertConfig config)
            : base(nameof(Transform))
        {
            _dense = Unfilled.Linear(config.HiddenSize, config.HiddenSize);
            _layerNorm = Unfilled.LayerNorm(config.HiddenSize, config.LayerNormEps);
            _activation = Activation.Get(config.HiddenActivation);
            RegisterComponents();
        }

        public override Tensor forward(Tensor hidden)
        {
            using var scope = NewDisposeScope();
            return _layerNorm.call(_activation(_dense.call(hidden))).MoveToOuterDisposeScope();
        }
    }
}
