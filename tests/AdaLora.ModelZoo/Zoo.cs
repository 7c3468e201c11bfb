using AdaLora.ModelZoo.Models;
using AdaLora.Targeting;
using static AdaLora.Targeting.AttachmentMethod;
using static TorchSharp.torch;

namespace AdaLora.ModelZoo;

/// <summary>The models, each with the ways in which it can be adapted.</summary>
internal static class Zoo
{
    public static IReadOnlyDictionary<string, ZooModel> Models { get; } = new Dictionary<string, ZooModel>(StringComparer.Ordinal)
    {
        ["sealed fields"] = Of(() => new SealedPerceptron(), Automatic, ("fc1", Hook), ("fc2", Hook), ("fc3", Hook)),
        ["sealed fields, materialised"] = Of(() => new SealedPerceptron(), Materialise, ("fc1", Materialise), ("fc2", Materialise), ("fc3", Materialise)),
        ["run with forward"] = Of(() => new ForwardPerceptron(), Materialise, ("fc1", Materialise), ("fc2", Materialise), ("fc3", Materialise)),
        ["replaced"] = Of(() => nn.Sequential(("a", nn.Linear(6, 8)), ("act", nn.Tanh()), ("b", nn.Linear(8, 3))), Automatic, ("a", Replace), ("b", Replace)),
        ["replaceable, hooked"] = Of(() => nn.Sequential(("a", nn.Linear(6, 8)), ("act", nn.Tanh()), ("b", nn.Linear(8, 3))), Hook, ("a", Hook), ("b", Hook)),
        ["a record"] = Of(() => new RecordPerceptron(), Automatic, ("first", Hook), ("hidden_0", Hook), ("hidden_1", Hook), ("head", Hook)),
        ["a stored forward"] = Of(() => new DelegatingPerceptron(), Automatic, ("shared", Hook), ("last", Materialise)),
        ["own matrices"] = Of(() => new MatrixPerceptron(), TargetModules.Suffixes("matrix", "own"), Automatic, ("matrix", Materialise), ("own", Hook)),
        ["own matrices, materialised"] = Of(() => new MatrixPerceptron(), TargetModules.Suffixes("matrix", "own"), Materialise, ("matrix", Materialise), ("own.weight", Materialise)),
        ["weights in buffers"] = Of(() => new BufferPerceptron(calls: true), TargetModules.Suffixes("first", "second"), Automatic, ("first", Hook), ("second", Hook)),
        ["weights in buffers, materialised"] =
            Of(() => new BufferPerceptron(calls: false), TargetModules.Suffixes("first", "second"), Materialise, ("first.weight", Materialise), ("second.weight", Materialise)),
        ["experts"] = Of(() => new MixtureOfExperts(), Automatic, ("inputs", Hook), ("experts.0", Hook), ("experts.1", Hook), ("outputs", Hook)),
        ["experts, materialised"] =
            Of(() => new MixtureOfExperts(), Materialise, ("inputs", Materialise), ("experts.0", Materialise), ("experts.1", Materialise), ("outputs", Materialise)),
        ["packed attention"] = Of(() => new PackedAttention(), TargetModules.Suffixes("attention", "head"), Automatic,
            ("attention.in_proj_weight.query", Materialise), ("attention.in_proj_weight.key", Materialise), ("attention.in_proj_weight.value", Materialise),
            ("attention.out_proj.weight", Materialise), ("head", Hook)),
        ["a part of packed attention"] = Of(() => new PackedAttention(), TargetModules.Suffixes("in_proj_weight.value"), Automatic, ("attention.in_proj_weight.value", Materialise)),
        ["a native encoder layer"] = Of(() => new NativeEncoder(), TargetModules.Suffixes("linear1.weight", "linear2.weight", "in_proj_weight"), Automatic,
            ("layer.self_attn.in_proj_weight.query", Materialise), ("layer.self_attn.in_proj_weight.key", Materialise), ("layer.self_attn.in_proj_weight.value", Materialise),
            ("layer.linear1.weight", Materialise), ("layer.linear2.weight", Materialise)),
        ["recurrent"] = Of(() => new Recurrent(), TargetModules.Suffixes("lstm", "gru"), Automatic,
            ("lstm.weight_ih_l0", Materialise), ("lstm.weight_hh_l0", Materialise), ("gru.weight_ih_l0", Materialise), ("gru.weight_hh_l0", Materialise)),
        ["cells"] = Of(() => new CellStack(), TargetModules.Suffixes("lstm", "gru", "rnn"), Automatic,
            ("lstm.weight_ih", Materialise), ("lstm.weight_hh", Materialise), ("gru.weight_ih", Materialise), ("gru.weight_hh", Materialise),
            ("rnn.weight_ih", Materialise), ("rnn.weight_hh", Materialise)),
        ["bilinear"] = Of(() => new PairClassifier(), TargetModules.Suffixes("pair", "head"), Automatic, ("pair.weight", Materialise), ("head", Hook)),
        ["a bag of embeddings"] = Of(() => new BagClassifier(sparse: false), TargetModules.Suffixes("embedding"), Automatic, ("embedding.weight", Materialise)),
        ["a bag of embeddings, sparse"] = Of(() => new BagClassifier(sparse: true), TargetModules.Suffixes("embedding"), Automatic, ("embedding.weight", Materialise)),
        ["tied"] = Of(() => new TiedLanguageModel(), TargetModules.Suffixes("hidden", "words"), Materialise, ("words", Materialise), ("hidden", Materialise)),
        ["embeddings"] = Of(() => new Tagger(), TargetModules.Suffixes("words", "head"), Automatic, ("words", Hook), ("head", Hook)),
        ["embeddings, materialised"] = Of(() => new Tagger(), TargetModules.Suffixes("words", "head"), Materialise, ("words", Materialise), ("head", Materialise)),
        ["a sequence and a volume"] = Of(() => new SequenceAndVolume(), TargetModules.Suffixes("sequence", "volume"), Automatic, ("sequence", Hook), ("volume", Hook)),
        ["convolutions"] = Of(() => new ConvolutionalNet(), TargetModules.Suffixes("conv1", "conv2", "fc"), Automatic, ("conv1", Hook), ("conv2", Hook), ("fc", Hook)),
        ["convolutions, materialised"] =
            Of(() => new ConvolutionalNet(), TargetModules.Suffixes("conv1", "conv2", "fc"), Materialise, ("conv1", Materialise), ("conv2", Materialise), ("fc", Materialise)),
        ["skip connections"] = Of(() => new SkipNet(), TargetModules.Suffixes("down", "up", "head"), Automatic, ("down", Hook), ("up.weight", Materialise), ("head", Hook)),
    };

    private static ZooModel Of(Func<nn.Module<Tensor, Tensor>> create, AttachmentMethod attachment, params (string, AttachmentMethod)[] expected) =>
        Of(create, TargetModules.AllLinear, attachment, expected);

    private static ZooModel Of(Func<nn.Module<Tensor, Tensor>> create, TargetModules targets, AttachmentMethod attachment, params (string Name, AttachmentMethod Way)[] expected) =>
        new(create, targets, attachment, expected.ToDictionary(e => e.Name, e => e.Way, StringComparer.Ordinal));
}
