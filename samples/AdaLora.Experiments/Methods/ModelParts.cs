using AdaLora.Experiments.Settings;
using AdaLora.Experiments.Tasks;
using AdaLora.Targeting;
using AdaLora.Transformers.Layers;

namespace AdaLora.Experiments.Methods;

/// <summary>Which parts of a model get adapters, and which are trained in full.</summary>
internal static class ModelParts
{
    /// <summary>The linear layers of the model's stacks, or those that the options name.</summary>
    public static TargetModules TargetsOf(BaseModel model, RunSettings settings) => TargetsOf(model, settings.Get(RunOptions.Targets), settings.Get(RunOptions.Layers));

    /// <param name="model">The model.</param>
    /// <param name="names">Ends of names, or full names with * for a part or ** for several; none for all.</param>
    /// <param name="layers">Numbers of layers; none for all.</param>
    public static TargetModules TargetsOf(BaseModel model, IReadOnlyList<string> names, IReadOnlyList<int> layers)
    {
        var stack = TargetModules.Globs([.. model.StackNames.Select(stack => $"{stack}.*.**")]);
        var targets = names.Count == 0 ? TargetModules.AllLinear : names.Select(Named).Aggregate((all, one) => all.Or(one));
        return layers.Count == 0 ? targets.And(stack) : targets.And(stack).InLayers([.. layers]);
    }

    /// <summary>Makes the new parts trainable and those other parameters that are chosen by name, and nothing else.</summary>
    public static void Train(BaseModel model, Func<string, bool> isChosen)
    {
        // By handle: two names may refer to one parameter.
        var chosen = model.Module.named_parameters().Where(p => IsNew(model, p.name) || isChosen(p.name)).Select(p => p.parameter.Handle).ToHashSet();
        foreach (var parameter in model.Module.parameters())
            parameter.requires_grad = chosen.Contains(parameter.Handle);
    }

    /// <summary>Whether a parameter is one of the parts that are new for the task.</summary>
    public static bool IsNew(BaseModel model, string parameter) => model.NewParts.Contains(parameter.Split('.')[0]);

    /// <summary>What is added in linear layers and layer norms.</summary>
    public static bool IsBias(string parameter) => parameter.EndsWith(".bias", StringComparison.Ordinal);

    /// <summary>The part of a model that reads texts.</summary>
    /// <exception cref="ArgumentException">There is none.</exception>
    public static TextEncoder EncoderOf(BaseModel model) =>
        model.Module.modules().OfType<TextEncoder>().FirstOrDefault() ?? throw new ArgumentException($"A prompt or a prefix needs a model with a text encoder; {model.Module.GetName()} has none.");

    private static TargetModules Named(string name) => name.Contains('*', StringComparison.Ordinal) ? TargetModules.Globs(name) : TargetModules.Suffixes(name);
}
