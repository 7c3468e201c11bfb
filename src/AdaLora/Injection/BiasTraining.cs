namespace AdaLora.Injection;

/// <summary>Which biases of the base model are trained alongside the adapters.</summary>
public enum BiasTraining
{
    /// <summary>None.</summary>
    None,

    /// <summary>Those of the layers that carry an adapter.</summary>
    Adapted,

    /// <summary>Every parameter of the model with "bias" in its own name.</summary>
    All,
}
