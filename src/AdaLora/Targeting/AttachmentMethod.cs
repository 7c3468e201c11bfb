namespace AdaLora.Targeting;

/// <summary>How an adapter takes part in what a model computes.</summary>
public enum AttachmentMethod
{
    /// <summary>The first of the others, in their order, that works for the layer.</summary>
    Automatic,

    /// <summary>The adapter takes the layer's place in the model: its fields, lists and registries. The fastest.</summary>
    Replace,

    /// <summary>
    /// The layer stays in its place and the adapter is a forward hook of it, for fields declared as <c>Linear</c> or <c>Conv2d</c>, which cannot hold anything else. Hooks only run if the
    /// model uses <c>layer.call(x)</c>, not <c>layer.forward(x)</c>. <c>AdaLoraOptions.BasePrecision</c> does not apply.
    /// </summary>
    Hook,

    /// <summary>
    /// The weight itself holds W0 + scale · P diag(lambda) Q, written anew after each optimiser step, and its gradient is projected onto the triplets before it. Works for any parameter with two or
    /// more dimensions, however the model uses it, but costs a copy of the weight and a full gradient of it; <c>AdaLoraOptions.Dropout</c> and
    /// <c>AdaLoraOptions.BasePrecision</c> do not apply.
    /// </summary>
    Materialise,
}
