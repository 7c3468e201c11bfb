namespace AdaLora.Targeting;

/// <summary>What one module uses instead of the general options; null means the general value.</summary>
/// <param name="InitialRank">The initial rank, or null.</param>
/// <param name="Alpha">The numerator of the scale, or null.</param>
/// <param name="Attachment">How adapters are attached, or null.</param>
internal readonly record struct ModuleOverride(int? InitialRank, double? Alpha, AttachmentMethod? Attachment = null);
