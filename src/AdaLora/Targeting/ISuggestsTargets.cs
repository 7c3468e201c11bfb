namespace AdaLora.Targeting;

/// <summary>A model that knows which of its layers are usually adapted, such as a language model, whose output head is not.</summary>
public interface ISuggestsTargets
{
    /// <summary>The layers that get adapters if the options leave it to the model.</summary>
    TargetModules SuggestedTargets { get; }
}
