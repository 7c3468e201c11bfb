namespace AdaLora.Transformers.Loading;

/// <summary>A norm of this package's own.</summary>
internal interface INorm
{
    /// <summary>The value that its weight starts with, so that it only norms at first.</summary>
    double FirstWeight { get; }
}
