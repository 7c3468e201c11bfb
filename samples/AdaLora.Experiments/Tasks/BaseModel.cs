using AdaLora.Transformers.Layers;
using AdaLora.Transformers.Loading;
using static TorchSharp.torch;

namespace AdaLora.Experiments.Tasks;

/// <summary>What methods are attached to: any module.</summary>
/// <param name="module">The model.</param>
/// <param name="newParts">The names of children that are created anew for a new task; they are trained in full whatever the method.</param>
/// <param name="stackNames">The names of the lists that hold the layers of the model's stacks.</param>
internal sealed class BaseModel(nn.Module module, IReadOnlyList<string> newParts, params IReadOnlyList<string> stackNames)
{
    public nn.Module Module => module;

    public IReadOnlyList<string> NewParts => newParts;

    public IReadOnlyList<string> StackNames => stackNames;

    /// <summary>Each runs the model on a batch of the training set, for methods that start from what its layers read; none unless it is about to be trained.</summary>
    public IEnumerable<Action> Passes { get; private init; } = [];

    /// <summary>The same model with batches of its training set.</summary>
    public BaseModel With(IEnumerable<Action> passes) => new(Module, NewParts, StackNames) { Passes = passes };

    /// <summary>A text encoder and the heads beside it, which are created anew, or a model with a decoder, of which nothing is.</summary>
    public static BaseModel Of(PretrainedModel model) => new(model, model is EncoderModel ? HeadsOf(model) : [], model.StackNames);

    private static IReadOnlyList<string> HeadsOf(PretrainedModel model) =>
        [.. model.named_children().Where(child => child.module is not TextEncoder && child.module.parameters().Any()).Select(child => child.name)];
}
