using System.Text.Json.Nodes;
using AdaLora.Benchmarks;
using AdaLora.Transformers.Configuration;
using AdaLora.Transformers.Families.Bert;
using AdaLora.Transformers.Families.DebertaV2;
using AdaLora.Transformers.Heads;
using AdaLora.Transformers.Loading;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLora.GpuCheck;

/// <summary>A classifier of a published shape with random weights, which are drawn on the device: that takes a hundredth of the time.</summary>
internal sealed class CardModel
{
    /// <summary>Before the adapters; the encoders' own is what they are pre-trained with, the same number.</summary>
    public const double Dropout = 0.1;

    private const int Labels = 2;

    private readonly EncoderConfig _config;
    private readonly Device _device;

    /// <param name="shape">"bert-base" or "deberta-v3-base".</param>
    /// <param name="isQuick">Whether to make it tiny.</param>
    /// <param name="device">Where it is made.</param>
    public CardModel(string shape, bool isQuick, Device device)
    {
        EncoderConfig config = shape == "bert-base" ? new BertConfig { VocabularySize = BenchmarkModel.Words } : BenchmarkModel.DebertaV3Base;
        _config = isQuick ? config with { HiddenSize = 64, IntermediateSize = 128, Layers = 2, Heads = 4 } : config;
        (Shape, _device) = (shape, device);
        (Batch, Length) = isQuick ? (4, 16) : (32, 128);
    }

    public string Shape { get; }

    public int Batch { get; }

    public int Length { get; }

    public SequenceClassifier Create(ScalarType dtype)
    {
        SequenceClassifier model = _config is BertConfig bert ? new BertForSequenceClassification(bert, Labels) : new DebertaV2ForSequenceClassification((DebertaV2Config)_config, Labels);
        _ = model.to(_device, dtype);
        WeightInitializer.Initialize(model, seed: null);
        return model;
    }

    /// <summary>What contenders work on.</summary>
    /// <param name="dtype">Element type of the whole model.</param>
    /// <param name="products">Element type that the products of frozen layers under AdaLoRA's adapters are computed in.</param>
    public Workload Workload(ScalarType dtype, ScalarType products = ScalarType.Float32) => new(new BenchmarkModel(Shape, _ => Create(dtype)), Batch, Length, Dropout, products);

    public StepInputs Inputs() => StepInputs.Random(Batch, Length).To(_device);

    /// <summary>The shape for the script around PEFT.</summary>
    public JsonObject Describe() => new()
    {
        ["family"] = _config is BertConfig ? "bert" : "deberta-v2",
        ["hidden"] = _config.HiddenSize,
        ["layers"] = _config.Layers,
        ["heads"] = _config.Heads,
        ["intermediate"] = _config.IntermediateSize,
    };
}
