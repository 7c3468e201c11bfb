using Microsoft.Extensions.Logging;
using static TorchSharp.torch;

namespace AdaLora.Transformers;

/// <summary>How a checkpoint is loaded, apart from what it is loaded into.</summary>
internal sealed record PretrainedOptions(Device? Device, ScalarType? Dtype, long? Seed, bool NewHead = false, bool MemoryMapped = false, ILogger? Logger = null);
