namespace AdaLora.Transformers.Configuration;

/// <summary>A size in config.json and where the weights show it.</summary>
/// <param name="Entry">The entry of config.json.</param>
/// <param name="Size">The size that the tensor must have.</param>
/// <param name="Tensor">The tensor's name, without the encoder's own.</param>
/// <param name="Dimension">The dimension of the tensor.</param>
internal sealed record StoredSize(string Entry, long Size, string Tensor, int Dimension)
{
    /// <summary>Other names under which a checkpoint may hold the tensor.</summary>
    public IReadOnlyList<string> OtherTensors { get; init; } = [];
}
