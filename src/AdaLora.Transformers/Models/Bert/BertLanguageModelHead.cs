using AdaLora.Transformers.Models.Layers;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLora.Transformers.Models.Bert;

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

    public override Tensor forward(Tensor hidden, Tensor wordWeight) => _predictions.call(hidden, wordWeight);

    private sealed class Predictions : Module<Tensor, Tensor, Tensor>
    {
        [ComponentName(Name = "transform")]
        private readonly Transform _transform;

        [ComponentName(Name = "bias")]
        private readonly Parameter _bias;

        public Predictions(BertConfig config)
            : base(nameof(Predictions))
        {
            _transform = new Transform(config);
            _bias = Parameter(zeros(config.VocabularySize));
            _ = _bias.DetachFromDisposeScope();
            RegisterComponents();
        }

        public override Tensor forward(Tensor hidden, Tensor wordWeight)
        {
            using var scope = NewDisposeScope();
            return functional.linear(_transform.call(hidden), wordWeight, _bias).MoveToOuterDisposeScope();
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
            _layerNorm = LayerNorm(config.HiddenSize, config.LayerNormEps);
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
