using AdaLora.Transformers.Heads;
using AdaLora.Transformers.Layers;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace AdaLora.Transformers.Families.Bart;

/// <summary>BART (Lewis et al., 2020), whose head is the matrix of word embeddings and a constant for each word.</summary>
internal sealed class BartForConditionalGeneration : Seq2SeqLM
{
    private const string BiasName = "final_logits_bias";

    [ComponentName(Name = "model")]
    private readonly BartModel _model;

    public BartForConditionalGeneration(BartConfig config)
        : base(nameof(BartForConditionalGeneration), config)
    {
        _model = new BartModel(config);
        RegisterComponents();
        register_buffer(BiasName, Unfilled.Buffer(1, config.VocabularySize));
    }

    internal override string BasePrefix => "model";

    internal override int? MaxLength => Config.MaxPositions;

    internal override Tensor WordWeight => _model.WordWeight;

    private protected override IReadOnlyList<string> TiedNames => ["lm_head.weight", .. EmbeddingCopies("model.")];

    // Zeros, which change nothing, in models that were saved without a head.
    internal override bool HasDefault(string name) => name == BiasName;

    internal override IReadOnlyList<string> OtherNames(string name) => name == "model.shared.weight" ? TiedNames : [];

    // That of padding reads and writes nothing.
    internal override int? PaddingRow(string name) => name == "model.shared.weight" ? Config.PadId : null;

    private protected override EncodedTexts ReadTexts(Tensor ids, Tensor? mask, bool keeps, Action<Tensor>? trace) => _model.Encode(ids, mask, keeps, trace);

    private protected override Tensor Write(Tensor ids, DecoderPass pass, Action<Tensor>? trace) => _model.Decode(ids, pass, trace);

    private protected override WordMatrix Matrix => new(_model.WordWeight) { Bias = get_buffer(BiasName)!.view(-1) };

    internal override Tensor Score(Tensor hidden) => Projection.Apply(hidden, _model.WordWeight, get_buffer(BiasName)!.view(-1));
}
